internal import CRDKafka

/// Offsets of groups without members, written and read through the admin API. One thread's; nothing waits.
public final class GroupOffsets {
    public struct Completion {
        public enum Request: Sendable { case commit, fetch }

        public var request: Request
        /// As given with the request.
        public var token: UInt
        /// Of the whole request; then `partitions` is empty.
        public var error: KafkaError?
        public var partitions: [Entry]
    }

    public struct Entry: Sendable {
        public var partition: TopicPartition
        /// Nil when the group has none for this partition.
        public var offset: Int64?
        /// Empty when there is none.
        public var metadata: String
        /// Of this partition alone, such as `OFFSET_METADATA_TOO_LARGE`.
        public var error: KafkaError?
    }

    private let client: Client
    /// Nobody else looks at what it says.
    private let isOwnClient: Bool
    private let results: EventQueue
    private let timeout: Int32
    /// Requests without a completion yet.
    public private(set) var outstanding = 0

    /// Uses the member's connections. The coordinators' answers wait behind no fetch and no produce request there.
    public convenience init(sharing consumer: GroupConsumer, signal: Int32, timeoutMilliseconds: Int = 15_000) {
        self.init(consumer.member, isOwn: false, signal: signal, timeout: timeoutMilliseconds)
    }

    /// With a client of its own. Without a signal, `wait` takes the results.
    ///
    /// - Parameter group: One of those that will be asked for, or another that the client may describe.
    public convenience init(
        _ configuration: KafkaConfiguration, group: String, signal: Int32?, timeoutMilliseconds: Int = 15_000
    ) throws(KafkaError) {
        self.init(try Client(.groupReader(group: group), configuration, signal: nil), isOwn: true, signal: signal, timeout: timeoutMilliseconds)
    }

    private init(_ client: Client, isOwn: Bool, signal: Int32?, timeout: Int) {
        self.client = client
        isOwnClient = isOwn
        self.timeout = Int32(timeout)
        results = EventQueue(rd_kafka_queue_new(client.handle), signal: signal)
    }

    deinit { results.close() }

    /// Sets the group's offsets for these partitions; the others keep theirs. A group with members refuses
    /// (`UNKNOWN_MEMBER_ID` or `NON_EMPTY_GROUP`). Commits of one group must not overlap in time: they may overtake each other.
    ///
    /// - Parameter offsets: their metadata in UTF-8, at most `offset.metadata.max.bytes` of the broker (4,096 by default).
    public func commit(
        group: String, _ offsets: [(partition: TopicPartition, offset: Int64, metadata: String)], token: UInt
    ) {
        let list = PartitionList(capacity: offsets.count)
        for (partition, offset, metadata) in offsets { list.add(partition, offset: offset, metadata: metadata) }
        var request = rd_kafka_AlterConsumerGroupOffsets_new(group, list.pointer)
        let options = makeOptions(RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, token)
        rd_kafka_AlterConsumerGroupOffsets(client.handle, &request, 1, options, results.pointer)
        rd_kafka_AdminOptions_destroy(options)
        rd_kafka_AlterConsumerGroupOffsets_destroy(request)
        outstanding += 1
    }

    /// Asks for the group's offsets of exactly these partitions. Offsets of open transactions are waited for.
    public func fetch(group: String, _ partitions: [TopicPartition], token: UInt) {
        let list = PartitionList(partitions)
        var request = rd_kafka_ListConsumerGroupOffsets_new(group, list.pointer)
        let options = makeOptions(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, token)
        rd_kafka_ListConsumerGroupOffsets(client.handle, &request, 1, options, results.pointer)
        rd_kafka_AdminOptions_destroy(options)
        rd_kafka_ListConsumerGroupOffsets_destroy(request)
        outstanding += 1
    }

    /// Waits for the group's offsets of these partitions; those without one are left out. For threads that may wait.
    public static func committed(by group: String, _ partitions: [TopicPartition], _ kafka: KafkaConfiguration) throws(KafkaError) -> [TopicPartition: Int64] {
        guard !partitions.isEmpty else { return [:] }
        let offsets = try GroupOffsets(kafka, group: group, signal: nil)
        offsets.fetch(group: group, partitions, token: 1)
        var found: Completion?
        // It comes: a request that is not answered in time completes with an error.
        while found == nil { offsets.wait(milliseconds: 1000) { found = $0 } }
        if let error = found!.error { throw error }
        var committed: [TopicPartition: Int64] = [:]
        for entry in found!.partitions { if let offset = entry.offset { committed[entry.partition] = offset } }
        return committed
    }

    private func makeOptions(_ operation: rd_kafka_admin_op_t, _ token: UInt) -> OpaquePointer {
        let options = rd_kafka_AdminOptions_new(client.handle, operation)!
        var text = [CChar](repeating: 0, count: 256)
        let status = rd_kafka_AdminOptions_set_request_timeout(options, timeout, &text, text.count)
        precondition(status == RD_KAFKA_RESP_ERR_NO_ERROR, "librdkafka takes no timeout of \(timeout) ms: \(sentence(text))")
        rd_kafka_AdminOptions_set_opaque(options, UnsafeMutableRawPointer(bitPattern: token))
        return options
    }

    /// Tells what has completed. Does not wait.
    public func poll(_ handle: (Completion) -> Void) { wait(milliseconds: 0, handle) }

    /// As `poll`, but waits up to that long for the first. For commands, not for loops.
    public func wait(milliseconds: Int, _ handle: (Completion) -> Void) {
        // That a broker refused the client's token is said there, and asking for another one begins with it.
        if isOwnClient { client.events.poll { _ = client.notice($0) } }
        results.poll(milliseconds: Int32(milliseconds)) { event in
            guard let completion = Self.completion(of: event) else { return }
            outstanding -= 1
            handle(completion)
        }
    }

    private static func completion(of event: OpaquePointer) -> Completion? {
        var count = 0
        let request: Completion.Request
        let groups: UnsafeMutablePointer<OpaquePointer?>?
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT:
            request = .commit
            groups = rd_kafka_event_AlterConsumerGroupOffsets_result(event).flatMap {
                rd_kafka_AlterConsumerGroupOffsets_result_groups($0, &count)
            }
        case RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT:
            request = .fetch
            groups = rd_kafka_event_ListConsumerGroupOffsets_result(event).flatMap {
                rd_kafka_ListConsumerGroupOffsets_result_groups($0, &count)
            }
        default:
            return nil
        }
        var completion = Completion(
            request: request, token: UInt(bitPattern: rd_kafka_event_opaque(event)), error: nil, partitions: [])
        completion.error = KafkaError.unlessNone(
            rd_kafka_event_error(event), rd_kafka_event_error_string(event).map { String(cString: $0) })
        guard completion.error == nil, count > 0, let group = groups?[0] else { return completion }
        if let error = rd_kafka_group_result_error(group) {
            completion.error = KafkaError(
                rd_kafka_error_code(error), String(cString: rd_kafka_error_string(error)))
        } else if let list = rd_kafka_group_result_partitions(group) {
            completion.partitions = list.elements.map(Entry.init)
        }
        return completion
    }
}

extension GroupOffsets.Entry {
    init(_ element: rd_kafka_topic_partition_t) {
        partition = TopicPartition(element)
        offset = element.offset >= 0 ? element.offset : nil
        let text = UnsafeRawBufferPointer(start: element.metadata, count: element.metadata == nil ? 0 : element.metadata_size)
        metadata = String(decoding: text, as: UTF8.self)
        error = KafkaError.unlessNone(element.err)
    }
}
