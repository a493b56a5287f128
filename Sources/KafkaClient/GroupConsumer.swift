internal import CRDKafka

/// A member of the owner group and the reader of the partitions it owns. One thread's; nothing waits for the network.
///
/// Inside are two clients. librdkafka holds *every* partition of a consumer from the moment it announces a rebalance until
/// the application answers, and throws away what it had fetched. Our answer to a revocation takes as long as deliveries
/// take to finish, and the partitions that stay must go on meanwhile. So one client is the member and reads nothing, the
/// other reads what the member owns and knows nothing of rebalances.
///
/// The life of a partition: `.assigned` event, then `assign` whenever its start is known, `queue(for:)`; `.revoking` event,
/// then `unassign` whenever it is drained. `.lost` takes it away at once. Until `unassign` the group waits for us, up to
/// `max.poll.interval.ms`.
public final class GroupConsumer {
    public enum Event: Sendable {
        /// Ours now. Call `assign` for each when its offset is known; there is no hurry.
        case assigned([TopicPartition])
        /// Another member gets these once `unassign` was called for each. They are still ours until then: finish, commit.
        case revoking([TopicPartition])
        /// Not ours any more, somebody else may already have them. Their queues are closed after the handler returns.
        case lost([TopicPartition])
        /// The answer to `verifyMembership`.
        case membership(Membership, token: UInt)
        case notice(ClientNotice)
    }

    public enum Membership: Sendable, Equatable {
        case member
        /// The generation is not ours: the group went on without us, or we have joined again and are not told yet. An event
        /// will say what is lost, but for what is being revoked: nothing comes before `unassign` was called for that.
        case fenced(KafkaError)
        /// No answer that says so: the coordinator is away, a rebalance is going on. Ask again.
        case unknown(KafkaError)
    }

    public let group: String
    let member: Client
    private let reader: SeekingReader
    private var queues: [TopicPartition: PartitionQueue] = [:]
    /// What the group gave us and did not take back.
    private var owned: Set<TopicPartition> = []
    /// Announced as revoking and not yet unassigned; the group waits while this is not empty.
    private var revoking: Set<TopicPartition> = []
    /// A revocation was announced to us that librdkafka has not got our answer to.
    private var owesAnswer = false
    private var closing = Closing.not

    private enum Closing { case not, wanted, begun }

    /// - Parameters:
    ///   - instanceID: Makes the member static: a restart within `session.timeout.ms` gets its partitions back without a
    ///     rebalance. Must be unique in the group.
    ///   - signal: An eventfd of the caller's, written (8 bytes, 1) when `poll` or a queue has something new. It must stay
    ///     open as long as this consumer and its queues.
    public init(
        _ configuration: KafkaConfiguration, group: String, instanceID: String? = nil, signal: Int32
    ) throws(KafkaError) {
        self.group = group
        member = try Client(.member(group: group, instanceID: instanceID), configuration, signal: signal)
        reader = try SeekingReader(configuration, signal: signal)
    }

    deinit {
        for queue in queues.values { queue.close() }
    }

    /// Joins the group, or changes what is wanted from it.
    public func subscribe(_ topics: [String]) throws(KafkaError) {
        let list = PartitionList(topics.map { TopicPartition(topic: $0, partition: RD_KAFKA_PARTITION_UA) })
        try KafkaError.check(rd_kafka_subscribe(member.handle, list.pointer))
    }

    /// Handles what happened. Call it when the eventfd says so, and at least every few seconds in any case:
    ///
    /// > max.poll.interval.ms: Maximum allowed time between calls to consume messages [...]. If this interval is exceeded
    /// > the consumer is considered failed
    ///
    /// Only this call counts, not the reading of queues.
    public func poll(_ handle: (Event) -> Void) {
        member.events.poll { event in
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_REBALANCE:
                rebalance(event, handle)
            case RD_KAFKA_EVENT_OFFSET_COMMIT:
                let token = UInt(bitPattern: rd_kafka_event_opaque(event))
                let error = KafkaError.unlessNone(rd_kafka_event_error(event)) ?? Self.firstError(inCommit: event)
                handle(.membership(Membership(error), token: token))
            default:
                if let notice = member.notice(event) { handle(.notice(notice)) }
            }
        }
        reader.poll { handle(.notice($0)) }
    }

    private func rebalance(_ event: OpaquePointer, _ handle: (Event) -> Void) {
        let list = UnsafePointer(rd_kafka_event_topic_partition_list(event)!)
        let partitions = list.partitions.sorted()
        if rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            member.mayBeDestroyed = true
            // While closing, what comes is taken back in the next event, and answering would end the wait for it.
            guard closing == .not else { return }
            answer(RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
            owned.formUnion(partitions)
            if !partitions.isEmpty { handle(.assigned(partitions)) }
            return
        }
        let taken = partitions.filter { owned.contains($0) }
        owesAnswer = true
        if rd_kafka_assignment_lost(member.handle) != 0 {
            owned.subtract(taken)
            if !taken.isEmpty { handle(.lost(taken)) }
            for partition in taken { release(partition) }
        } else {
            owned.subtract(taken)
            revoking.formUnion(taken)
            if !taken.isEmpty { handle(.revoking(taken)) }
        }
        answerIfDone()
    }

    /// Starts to read each partition at its offset (or a `LogicalOffset`); `queue(for:)` has it afterwards.
    ///
    /// Partitions that were taken away since they were assigned are passed over.
    public func assign(_ start: [(partition: TopicPartition, offset: Int64)]) throws(KafkaError) {
        for (partition, offset) in start where owned.contains(partition) {
            precondition(queues[partition] == nil, "\(partition) is assigned twice")
            queues[partition] = try reader.open(partition, at: offset)
        }
    }

    /// Closes the queues of these partitions. The answer to `.revoking`: when all that were announced are unassigned, the
    /// group goes on. Partitions that were lost meanwhile are passed over.
    public func unassign(_ partitions: [TopicPartition]) {
        for partition in partitions where revoking.contains(partition) { release(partition) }
        answerIfDone()
    }

    private func release(_ partition: TopicPartition) {
        revoking.remove(partition)
        queues.removeValue(forKey: partition)?.close()
    }

    private func answerIfDone() {
        guard owesAnswer, revoking.isEmpty else { return }
        owesAnswer = false
        answer(RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
        if closing == .wanted { beginClose() }
    }

    /// The member itself never has partitions, so the answer names none; librdkafka only goes on to its next state.
    private func answer(_ kind: rd_kafka_resp_err_t) {
        let none = PartitionList()
        let error = kind == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS
            ? rd_kafka_incremental_assign(member.handle, none.pointer)
            : rd_kafka_incremental_unassign(member.handle, none.pointer)
        // Refused only when the client is dying of a fatal error, which is reported as such.
        if let error { rd_kafka_error_destroy(error) }
    }

    /// Nil when the partition is not assigned. The queue is closed by `unassign`, or when the partition is lost.
    public func queue(for partition: TopicPartition) -> PartitionQueue? { queues[partition] }

    /// Announced by `.revoking`, and not unassigned yet.
    public var partitionsBeingRevoked: [TopicPartition] { revoking.sorted() }

    /// As the coordinator named it; empty before the group was joined. Waits for librdkafka's own thread.
    public var memberID: String {
        guard let text = rd_kafka_memberid(member.handle) else { return "" }
        defer { rd_kafka_mem_free(member.handle, text) }
        return String(cString: text)
    }

    /// The error that made this member unusable (another process has its instance id, for instance): make a new one.
    public var fatalError: KafkaError? { member.fatalError }

    /// Asks the coordinator whether we are still a member of the current generation; `.membership` brings the answer.
    ///
    /// Done by committing offsets in the owner group, because Kafka checks the generation there and nowhere else that an
    /// application can reach. The offsets are for people who look at the group; nothing reads them. While a drain is
    /// going on librdkafka does not tell that the session was lost, so ask before cursors are committed after a stall.
    public func verifyMembership(committing offsets: [(partition: TopicPartition, offset: Int64)], token: UInt) throws(KafkaError) {
        precondition(!offsets.isEmpty, "a commit needs at least one partition")
        let list = PartitionList(capacity: offsets.count)
        for (partition, offset) in offsets { list.add(partition, offset: offset) }
        try KafkaError.check(
            rd_kafka_commit_queue(
                member.handle, list.pointer, member.events.pointer, nil, UnsafeMutableRawPointer(bitPattern: token)))
    }

    private static func firstError(inCommit event: OpaquePointer) -> KafkaError? {
        guard let list = rd_kafka_event_topic_partition_list(event) else { return nil }
        for element in UnsafePointer(list).elements {
            if let error = KafkaError.unlessNone(element.err) { return error }
        }
        return nil
    }

    /// Leaves the group without waiting: what is owned is revoked through `poll` first, and `isClosed` turns true when the
    /// coordinator was told (a static member tells it nothing). After a fatal error there is nothing to leave.
    public func beginClose() {
        guard closing != .begun else { return }
        // A revocation that is not answered yet would be answered by closing: first things first.
        guard !owesAnswer else {
            closing = .wanted
            return
        }
        closing = .begun
        if let error = rd_kafka_consumer_close_queue(member.handle, member.events.pointer) {
            rd_kafka_error_destroy(error)
            closesWithoutLeaving = true
        }
    }

    private var closesWithoutLeaving = false

    /// True when `beginClose` has done its work; destroy all records, then let go of the consumer.
    public var isClosed: Bool {
        closing == .begun && (closesWithoutLeaving || rd_kafka_consumer_closed(member.handle) != 0)
    }
}

extension GroupConsumer.Membership {
    init(_ error: KafkaError?) {
        switch error {
        case nil: self = .member
        case let error? where error.isFenced: self = .fenced(error)
        case let error?: self = .unknown(error)
        }
    }
}
