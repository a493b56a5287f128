internal import EventLoop
public import KafkaClient

/// Reads ranges of partitions, the oldest record first, in no group. Of each partition only what was fetched ahead is in
/// memory, so a range may be of any length.
///
/// Oldest first means by the records' own timestamps, as far as each partition is in their order.
public final class RangeReader {
    /// The cluster has records that it does not send.
    public struct Silence: Error {
        public var range: OffsetRange
    }

    private final class Source {
        let range: OffsetRange
        let queue: PartitionQueue
        var records: [KafkaRecord] = []
        var next = 0

        init(_ range: OffsetRange, _ queue: PartitionQueue) {
            self.range = range
            self.queue = queue
        }

        deinit { for record in records[next...] { record.destroy() } }

        var isEmpty: Bool { next == records.count }
        /// The last record of the range may be an invisible one of a transaction.
        var isAtEnd: Bool { isEmpty && queue.readUpTo >= range.end }
    }

    private let loop: EventLoop
    private let reader: SeekingReader
    private var sources: [Source] = []
    private var current: KafkaRecord?
    private let buffer = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: RangeReader.batch)
    private var lastNews = EventLoop.now()
    /// Offsets that are done with, records or not.
    public private(set) var done = 0
    /// Offsets in all ranges.
    public let total: Int
    /// Asked while there is nothing to read; true ends the reading.
    public var isCancelled: () -> Bool = { false }

    private static let batch = 256
    /// Without anything new for so long, reading has failed.
    private static let patience: Int64 = 30_000_000_000

    public init(_ kafka: KafkaConfiguration, _ ranges: [OffsetRange]) throws {
        let ranges = ranges.filter { $0.count > 0 }
        loop = try EventLoop()
        reader = try SeekingReader(Self.sharing(kafka, among: ranges.count), signal: loop.signal.descriptor)
        total = ranges.reduce(0) { $0 + $1.count }
        for range in ranges { sources.append(Source(range, try reader.open(range.partition, at: range.start))) }
    }

    deinit {
        current?.destroy()
        sources = []
        buffer.deallocate()
    }

    /// All partitions are fetched ahead at once; together they get what a few would get.
    private static func sharing(_ kafka: KafkaConfiguration, among partitions: Int) -> KafkaConfiguration {
        let name = "queued.max.messages.kbytes"
        guard partitions > 16, !kafka.properties.contains(where: { $0.name == name }) else { return kafka }
        var kafka = kafka
        kafka.properties.append((name: name, value: "\(max(64, 16 << 10 / partitions))"))
        return kafka
    }

    /// The next record, valid until the next call; nil at the end.
    public func next() throws -> (record: KafkaRecord, partition: TopicPartition)? {
        current?.destroy()
        current = nil
        // The time that the caller took for the last one is not the cluster's silence.
        lastNews = EventLoop.now()
        while true {
            var oldest: Source?
            var isWaiting = false
            var hasEnded = false
            for source in sources {
                if source.isEmpty { try fill(source) }
                if source.isAtEnd {
                    hasEnded = true
                } else if source.isEmpty {
                    isWaiting = true
                } else if oldest.map({ Self.isOlder(source, $0) }) ?? true {
                    oldest = source
                }
            }
            if hasEnded {
                for source in sources where source.isAtEnd { source.queue.close() }
                sources.removeAll(where: \.isAtEnd)
            }
            if isWaiting {
                if isCancelled() { return nil }
                try wait()
                continue
            }
            guard let oldest else { return nil }
            let record = oldest.records[oldest.next]
            oldest.next += 1
            done += 1
            current = record
            return (record, oldest.range.partition)
        }
    }

    private static func isOlder(_ a: Source, _ b: Source) -> Bool {
        a.records[a.next].timestamp < b.records[b.next].timestamp
    }

    private func fill(_ source: Source) throws(KafkaError) {
        let before = source.queue.position
        do {
            let count = try source.queue.read(into: buffer, max: Self.batch)
            source.records.removeAll(keepingCapacity: true)
            source.next = 0
            for record in UnsafeMutableBufferPointer(start: buffer, count: count) {
                if record.offset < source.range.end { source.records.append(record) } else { record.destroy() }
            }
        } catch where error.isOffsetOutOfRange {
            // Retention was quicker than we.
            try source.queue.seek(to: LogicalOffset.beginning)
        }
        let passed = min(source.queue.position, source.range.end) - min(before, source.range.end)
        // Offsets without a record; those with one are counted when they are handed out.
        done += max(0, Int(passed) - source.records.count)
        if source.queue.position > before { lastNews = EventLoop.now() }
    }

    private func wait() throws {
        reader.poll { _ in }
        guard EventLoop.now() - lastNews < Self.patience else {
            throw Silence(range: sources.first { $0.isEmpty }!.range)
        }
        loop.run(until: EventLoop.now() + 100_000_000)
    }
}
