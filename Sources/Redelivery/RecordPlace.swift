public import KafkaClient

/// Where one record stands.
public struct RecordPlace: Hashable, Sendable {
    public var topic: String
    public var partition: Int32
    public var offset: Int64

    public init(topic: String, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }

    public init(_ record: KafkaRecord, of partition: TopicPartition) {
        self.init(topic: partition.topic, partition: partition.partition, offset: record.offset)
    }

    /// `3-1042`, without the topic.
    public var inTopic: String { "\(partition)-\(offset)" }
    /// `shop.orders-3-1042`: also an event's id where its topic says nothing else.
    public var eventID: String { "\(topic)-\(partition)-\(offset)" }
    public var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
}

/// `shop.orders.dead-letter/3/1042`, as URLs have it.
extension RecordPlace: LosslessStringConvertible {
    public var description: String { "\(topic)/\(partition)/\(offset)" }

    /// Of what somebody wrote. The offset behind it is a number too, so that callers need not look at it.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, let partition = Int32(parts[1]), let offset = Int64(parts[2]), partition >= 0,
            (0..<Int64.max).contains(offset)
        else { return nil }
        self.init(topic: String(parts[0]), partition: partition, offset: offset)
    }
}

/// Part of a partition: from `start` up to before `end`.
public struct OffsetRange: Hashable, Sendable {
    public var partition: TopicPartition
    public var start: Int64
    public var end: Int64

    public init(_ partition: TopicPartition, from start: Int64, to end: Int64) {
        self.partition = partition
        self.start = start
        self.end = end
    }

    public var count: Int { Int(max(0, end - start)) }
}
