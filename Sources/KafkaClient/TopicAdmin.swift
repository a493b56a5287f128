internal import CRDKafka

/// Creating topics and changing them.
extension ClusterAdmin {
    /// Creates all of them, or throws the first refusal (`TOPIC_ALREADY_EXISTS`, ...), naming its topic.
    public func createTopics(_ topics: [NewTopic]) throws(KafkaError) {
        var requests: [OpaquePointer?] = []
        defer { rd_kafka_NewTopic_destroy_array(&requests, requests.count) }
        for topic in topics {
            var text = [CChar](repeating: 0, count: 512)
            guard
                let request = rd_kafka_NewTopic_new(
                    topic.name, Int32(topic.partitions), Int32(topic.replicationFactor), &text, text.count)
            else { throw KafkaError(code: ._INVALID_ARG, message: "topic \"\(topic.name)\": \(sentence(text))") }
            requests.append(request)
            for (name, value) in topic.configuration {
                try KafkaError.check(rd_kafka_NewTopic_set_config(request, name, value), "topic \"\(topic.name)\": \(name)")
            }
        }
        try perform(RD_KAFKA_ADMIN_OP_CREATETOPICS) { handle, options, queue in
            rd_kafka_CreateTopics(handle, &requests, requests.count, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            try Self.checkTopics(results, count)
        }
    }

    /// Adds partitions to a topic until it has `total`.
    public func createPartitions(topic: String, total: Int) throws(KafkaError) {
        var text = [CChar](repeating: 0, count: 512)
        var request = rd_kafka_NewPartitions_new(topic, total, &text, text.count)
        guard request != nil else { throw KafkaError(code: ._INVALID_ARG, message: "topic \"\(topic)\": \(sentence(text))") }
        defer { rd_kafka_NewPartitions_destroy(request) }
        try perform(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS) { handle, options, queue in
            rd_kafka_CreatePartitions(handle, &request, 1, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count)
            try Self.checkTopics(results, count)
        }
    }

    /// The configuration in force for a topic, defaults included.
    public func configuration(ofTopic topic: String) throws(KafkaError) -> [ConfigurationEntry] {
        var resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        defer { rd_kafka_ConfigResource_destroy(resource) }
        var entries: [ConfigurationEntry] = []
        try perform(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { handle, options, queue in
            rd_kafka_DescribeConfigs(handle, &resource, 1, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
            let result = try Self.checkResource(results, count, topic)
            let list = rd_kafka_ConfigResource_configs(result, &count)
            for index in 0..<count {
                let entry = list![index]
                entries.append(
                    ConfigurationEntry(
                        name: String(cString: rd_kafka_ConfigEntry_name(entry)),
                        value: rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) },
                        isOwn: rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG))
            }
        }
        return entries
    }

    /// Sets these and keeps the topic's other own settings.
    ///
    /// > AlterConfigs: all entries for the resource that are not specified will be reverted to their default values
    ///
    /// so they are read first; a change that somebody else makes in between is undone.
    public func setConfiguration(ofTopic topic: String, _ changes: [(name: String, value: String)]) throws(KafkaError) {
        var wanted: [String: String] = [:]
        for entry in try configuration(ofTopic: topic) where entry.isOwn { wanted[entry.name] = entry.value }
        for (name, value) in changes { wanted[name] = value }
        var resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        defer { rd_kafka_ConfigResource_destroy(resource) }
        for (name, value) in wanted.sorted(by: { $0.key < $1.key }) {
            try KafkaError.check(rd_kafka_ConfigResource_set_config(resource, name, value), "topic \"\(topic)\": \(name)")
        }
        try perform(RD_KAFKA_ADMIN_OP_ALTERCONFIGS) { handle, options, queue in
            rd_kafka_AlterConfigs(handle, &resource, 1, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count)
            _ = try Self.checkResource(results, count, topic)
        }
    }

    /// Sends one admin request and waits for its result.
    func perform(
        _ operation: rd_kafka_admin_op_t,
        send: (_ handle: OpaquePointer, _ options: OpaquePointer, _ queue: OpaquePointer) -> Void,
        read: (_ event: OpaquePointer) throws(KafkaError) -> Void
    ) throws(KafkaError) {
        let options = rd_kafka_AdminOptions_new(client.handle, operation)!
        defer { rd_kafka_AdminOptions_destroy(options) }
        var text = [CChar](repeating: 0, count: 256)
        try KafkaError.check(
            rd_kafka_AdminOptions_set_request_timeout(options, timeout, &text, text.count), sentence(text))
        let queue = rd_kafka_queue_new(client.handle)!
        defer { rd_kafka_queue_destroy(queue) }
        send(client.handle, options, queue)
        // The request's own timeout comes first and says more; this only bounds the wait.
        guard let event = rd_kafka_queue_poll(queue, timeout + 1000) else { throw KafkaError(code: ._TIMED_OUT) }
        defer { rd_kafka_event_destroy(event) }
        try KafkaError.check(
            rd_kafka_event_error(event), rd_kafka_event_error_string(event).map { String(cString: $0) })
        try read(event)
    }

    private static func checkTopics(_ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int) throws(KafkaError) {
        for index in 0..<count {
            let result = results![index]
            let name = String(cString: rd_kafka_topic_result_name(result))
            let text = rd_kafka_topic_result_error_string(result).map { String(cString: $0) } ?? "refused"
            try KafkaError.check(rd_kafka_topic_result_error(result), "topic \"\(name)\": \(text)")
        }
    }

    private static func checkResource(
        _ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, _ topic: String
    ) throws(KafkaError) -> OpaquePointer? {
        guard count > 0 else { throw KafkaError(code: .UNKNOWN_TOPIC_OR_PART, message: "topic \"\(topic)\": no answer") }
        let result = results![0]
        let text = rd_kafka_ConfigResource_error_string(result).map { String(cString: $0) } ?? "refused"
        try KafkaError.check(rd_kafka_ConfigResource_error(result), "topic \"\(topic)\": \(text)")
        return result
    }
}
