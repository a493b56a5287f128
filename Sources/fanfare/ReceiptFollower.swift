import EventLoop
import KafkaClient
import Receipts

/// The receipts that come from now on.
final class ReceiptFollower {
    private let reader: ReceiptReader
    private let loop: EventLoop
    private let kafka: SeekingReader
    private var queues: [PartitionQueue] = []
    private let buffer = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: ReceiptFollower.batch)
    private static let batch = 256

    /// - Parameter ends: up to where each partition has been read.
    init(_ reader: ReceiptReader, from ends: [TopicPartition: Int64]) throws {
        self.reader = reader
        loop = try EventLoop()
        kafka = try SeekingReader(reader.kafka, signal: loop.signal.descriptor)
        for (partition, end) in ends { queues.append(try kafka.open(partition, at: end)) }
    }

    deinit {
        queues = []
        buffer.deallocate()
    }

    /// Those that are there now, each valid during the call; waits for the first, for half a second at most.
    func read(_ body: (Receipt, UnsafeRawBufferPointer) -> Void) throws {
        loop.run(until: EventLoop.now() + 500_000_000)
        kafka.poll { _ in }
        for queue in queues { try reader.reading { try read(queue, body) } }
    }

    private func read(_ queue: PartitionQueue, _ body: (Receipt, UnsafeRawBufferPointer) -> Void) throws(KafkaError) {
        var count = Self.batch
        while count == Self.batch {
            do {
                count = try queue.read(into: buffer, max: Self.batch)
            } catch where error.isOffsetOutOfRange {
                // Retention was quicker than we.
                return try queue.seek(to: LogicalOffset.beginning)
            }
            for record in UnsafeMutableBufferPointer(start: buffer, count: count) {
                reader.show(record, body)
                record.destroy()
            }
        }
    }
}
