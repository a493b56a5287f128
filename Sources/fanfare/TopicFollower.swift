import EventLoop
import KafkaClient

/// Reads partitions from given offsets on, and goes on with what comes; in no group.
final class TopicFollower {
    private let loop: EventLoop
    private let kafka: SeekingReader
    private var queues: [PartitionQueue] = []
    private let buffer = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: TopicFollower.batch)
    /// Something may be there that no signal tells of.
    private var hasMore = false
    private static let batch = 256

    /// - Parameter positions: the first offset that is wanted of each partition.
    init(_ kafka: KafkaConfiguration, from positions: [TopicPartition: Int64]) throws {
        loop = try EventLoop()
        self.kafka = try SeekingReader(kafka, signal: loop.signal.descriptor)
        for (partition, position) in positions { try add(partition, at: position) }
    }

    deinit {
        queues = []
        buffer.deallocate()
    }

    func add(_ partition: TopicPartition, at position: Int64) throws { queues.append(try kafka.open(partition, at: position)) }

    /// Records that are there now, each valid during the call; waits for the first, for half a second at most.
    ///
    /// - Parameter limit: of each partition.
    func read(atMost limit: Int = .max, _ body: (TopicPartition, KafkaRecord) -> Void) throws(KafkaError) {
        if !hasMore { loop.run(until: EventLoop.now() + 500_000_000) }
        hasMore = false
        kafka.poll { _ in }
        for queue in queues { try read(queue, limit, body) }
    }

    private func read(_ queue: PartitionQueue, _ limit: Int, _ body: (TopicPartition, KafkaRecord) -> Void) throws(KafkaError) {
        var rest = limit
        while rest > 0 {
            do {
                let count = try queue.read(into: buffer, max: min(rest, Self.batch))
                guard count > 0 else { return }
                for record in UnsafeMutableBufferPointer(start: buffer, count: count) {
                    body(queue.partition, record)
                    record.destroy()
                }
                rest -= count
            } catch where error.isOffsetOutOfRange {
                // Retention was quicker than we.
                return try queue.seek(to: LogicalOffset.beginning)
            }
        }
        hasMore = true
    }

    /// Up to where each partition was read, be it records or not.
    var readUpTo: [TopicPartition: Int64] { Dictionary(uniqueKeysWithValues: queues.map { ($0.partition, $0.readUpTo) }) }

    /// Offsets between there and the ends, as they were last heard; nil while one of them is not known.
    var behind: Int? {
        var sum = 0
        for queue in queues {
            guard let end = queue.highWatermark else { return nil }
            sum += Int(max(0, end - queue.readUpTo))
        }
        return sum
    }
}
