internal import EventLoop
public import KafkaClient

/// Fetches single records from where they stand: the values that dead letters only refer to. For commands.
public final class SourceReader {
    private let loop: EventLoop
    private let reader: SeekingReader
    private let buffer = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: 1)
    private static let patience: Int64 = 10_000_000_000

    public init(_ kafka: KafkaConfiguration) throws {
        loop = try EventLoop()
        reader = try SeekingReader(kafka, signal: loop.signal.descriptor)
    }

    deinit { buffer.deallocate() }

    /// The value of the record at `place`; nil where Kafka does not have it any more.
    public func value(at place: RecordPlace) throws -> [UInt8]? {
        try withRecord(at: place) { $0?.value.map(Array.init) }
    }

    /// Lends the record at `place`; nil where Kafka does not have it any more.
    func withRecord<Result>(at place: RecordPlace, _ body: (KafkaRecord?) throws -> Result) throws -> Result {
        let queue = try reader.open(place.topicPartition, at: place.offset)
        defer { queue.close() }
        let end = EventLoop.now() + Self.patience
        while EventLoop.now() < end {
            var count = 0
            do throws(KafkaError) {
                count = try queue.read(into: buffer, max: 1)
            } catch {
                guard error.isOffsetOutOfRange || error.code == .UNKNOWN_TOPIC_OR_PART else { throw error }
                break
            }
            if count > 0 {
                let record = buffer[0]
                defer { record.destroy() }
                return try body(record.offset == place.offset ? record : nil)
            }
            if queue.endOffset != nil { break }
            loop.run(until: EventLoop.now() + 50_000_000)
        }
        return try body(nil)
    }
}
