internal import CRDKafka

/// Questions to the cluster and changes of its topics. Every call waits for the answer: for commands and helper threads,
/// never on a thread that delivers.
public final class ClusterAdmin {
    public struct Cluster: Sendable {
        public var brokers: [Broker]
        public var topics: [Topic]
    }

    public struct Broker: Sendable, Equatable {
        public var id: Int32
        public var host: String
        public var port: Int
    }

    public struct Topic: Sendable {
        public var name: String
        /// By partition number.
        public var partitions: [Partition]
        /// Such as `UNKNOWN_TOPIC_OR_PART`; then there are no partitions.
        public var error: KafkaError?
        public var replicationFactor: Int { partitions.map(\.replicas.count).min() ?? 0 }
    }

    public struct Partition: Sendable {
        public var number: Int32
        /// Nil while an election is going on.
        public var leader: Int32?
        public var replicas: [Int32]
        public var inSync: [Int32]
    }

    public struct NewTopic: Sendable {
        public var name: String
        public var partitions: Int
        public var replicationFactor: Int
        public var configuration: [(name: String, value: String)]

        public init(name: String, partitions: Int, replicationFactor: Int, configuration: [(name: String, value: String)] = []) {
            self.name = name
            self.partitions = partitions
            self.replicationFactor = replicationFactor
            self.configuration = configuration
        }
    }

    public struct ConfigurationEntry: Sendable, Equatable {
        public var name: String
        /// Nil when the broker does not show it.
        public var value: String?
        /// Set on the topic itself, not inherited.
        public var isOwn: Bool
    }

    let client: Client
    /// Since the cluster answered last.
    private var complaint: String?
    /// How long each call waits at most, in milliseconds.
    public var timeout: Int32

    public init(_ configuration: KafkaConfiguration, timeoutMilliseconds: Int = 10_000) throws(KafkaError) {
        client = try Client(.admin, configuration, signal: nil)
        timeout = Int32(timeoutMilliseconds)
    }

    /// What librdkafka said since the last call: why a broker cannot be reached stands only here.
    public func notices(_ handle: (ClientNotice) -> Void) {
        client.events.poll { event in
            if let notice = client.notice(event) { handle(notice) }
        }
    }

    /// Why the cluster does not answer. The call that failed knows only that its time is over; librdkafka's last complaint, which it
    /// does not repeat while it stays the same, says what happened: a refused password, a certificate, a name that does not resolve.
    public func reason(for error: KafkaError) -> String {
        notices { notice in
            // Without a token no broker is asked, so nothing else tells.
            if case .failed(let error) = notice, error.code == ._AUTHENTICATION { complaint = error.message }
            guard case .log(let line) = notice, line.level <= 4 else { return }
            // "[thrd:NAME]: " and "(after 5ms in state ..., 3 identical error(s) suppressed)" are librdkafka's own affair.
            let text = line.text.split(separator: "]: ", maxSplits: 1).last ?? line.text[...]
            complaint = text.split(separator: " (after ", maxSplits: 1).first.map(String.init)
        }
        return complaint ?? error.message
    }

    /// Brokers and topics; only that topic if one is named. Asking for a topic may create it where the broker allows that.
    public func metadata(topic: String? = nil) throws(KafkaError) -> Cluster {
        let handle = try topic.map { name throws(KafkaError) in
            guard let handle = rd_kafka_topic_new(client.handle, name, nil) else { throw KafkaError(rd_kafka_last_error()) }
            return handle
        }
        defer { if let handle { rd_kafka_topic_destroy(handle) } }
        var pointer: UnsafePointer<rd_kafka_metadata>?
        try KafkaError.check(rd_kafka_metadata(client.handle, topic == nil ? 1 : 0, handle, &pointer, timeout))
        defer { rd_kafka_metadata_destroy(pointer) }
        complaint = nil
        return Cluster(pointer!.pointee)
    }

    /// What the cluster calls itself; nil where it does not, or not in time.
    public func clusterID() -> String? {
        guard let text = rd_kafka_clusterid(client.handle, timeout) else { return nil }
        defer { rd_kafka_mem_free(client.handle, text) }
        return String(cString: text)
    }

    /// Oldest offset that exists, and one more than the newest.
    public func watermarks(of partition: TopicPartition) throws(KafkaError) -> (low: Int64, high: Int64) {
        var low: Int64 = 0
        var high: Int64 = 0
        try KafkaError.check(
            rd_kafka_query_watermark_offsets(client.handle, partition.topic, partition.partition, &low, &high, timeout),
            "\(partition): no watermarks")
        return (low, high)
    }

    /// For each partition, the offset of the first record at or after a time in milliseconds since 1970 (`end` if there is
    /// none, as `LogicalOffset.end`); or, with a `LogicalOffset` for a time, the offset that it stands for.
    public func offsets(at times: [(partition: TopicPartition, time: Int64)]) throws(KafkaError) -> [TopicPartition: Int64] {
        let list = PartitionList(capacity: times.count)
        for (partition, time) in times { list.add(partition, offset: time) }
        try KafkaError.check(rd_kafka_offsets_for_times(client.handle, list.pointer, timeout))
        var offsets: [TopicPartition: Int64] = [:]
        for element in UnsafePointer(list.pointer).elements {
            try KafkaError.check(element.err, "\(TopicPartition(element)): no offset")
            offsets[TopicPartition(element)] = element.offset
        }
        return offsets
    }
}

extension ClusterAdmin.Cluster {
    init(_ metadata: rd_kafka_metadata) {
        brokers = (0..<Int(metadata.broker_cnt)).map { index in
            let broker = metadata.brokers[index]
            return .init(id: broker.id, host: String(cString: broker.host), port: Int(broker.port))
        }
        topics = (0..<Int(metadata.topic_cnt)).map { index in
            let topic = metadata.topics[index]
            let partitions = (0..<Int(topic.partition_cnt)).map { index in
                let partition = topic.partitions[index]
                return ClusterAdmin.Partition(
                    number: partition.id, leader: partition.leader >= 0 ? partition.leader : nil,
                    replicas: (0..<Int(partition.replica_cnt)).map { partition.replicas[$0] },
                    inSync: (0..<Int(partition.isr_cnt)).map { partition.isrs[$0] })
            }
            return .init(
                name: String(cString: topic.topic), partitions: partitions.sorted { $0.number < $1.number },
                error: KafkaError.unlessNone(topic.err))
        }
    }
}

extension [ClusterAdmin.ConfigurationEntry] {
    /// The values that the broker shows, by name.
    public var settings: [String: String] { reduce(into: [:]) { $0[$1.name] = $1.value } }
}
