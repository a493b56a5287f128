internal import CRDKafka
internal import Glibc

/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var topic: String
    public var partition: Int32

    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    public static func < (a: Self, b: Self) -> Bool { (a.topic, a.partition) < (b.topic, b.partition) }
    public var description: String { "\(topic)[\(partition)]" }
}

/// Offsets that stand for a place in the log instead of a number.
public enum LogicalOffset {
    /// The oldest record that the broker still has.
    public static let beginning: Int64 = -2
    /// Behind the newest record.
    public static let end: Int64 = -1
}

/// Owner of an `rd_kafka_topic_partition_list_t`.
struct PartitionList: ~Copyable {
    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(capacity: Int = 0) {
        pointer = rd_kafka_topic_partition_list_new(Int32(capacity))
    }

    init(_ partitions: [TopicPartition]) {
        self.init(capacity: partitions.count)
        for partition in partitions { add(partition) }
    }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    /// > metadata: freed by rd_kafka_topic_partition_list_destroy()
    func add(_ partition: TopicPartition, offset: Int64 = Int64(RD_KAFKA_OFFSET_INVALID), metadata: String? = nil) {
        let element = rd_kafka_topic_partition_list_add(pointer, partition.topic, partition.partition)!
        element.pointee.offset = offset
        guard var metadata, !metadata.isEmpty else { return }
        metadata.withUTF8 { text in
            let copy = malloc(text.count)!
            copy.copyMemory(from: text.baseAddress!, byteCount: text.count)
            element.pointee.metadata = copy
            element.pointee.metadata_size = text.count
        }
    }
}

extension UnsafePointer<rd_kafka_topic_partition_list_t> {
    /// Borrowed elements, valid as long as the list.
    var elements: UnsafeBufferPointer<rd_kafka_topic_partition_t> {
        UnsafeBufferPointer(start: pointee.elems, count: Int(pointee.cnt))
    }

    var partitions: [TopicPartition] { elements.map(TopicPartition.init) }
}

extension TopicPartition {
    init(_ element: rd_kafka_topic_partition_t) {
        self.init(topic: String(cString: element.topic), partition: element.partition)
    }
}
