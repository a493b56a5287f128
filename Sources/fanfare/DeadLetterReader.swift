import BridgeRuntime
import EventLoop
import EventModel
import Glibc
import KafkaClient

/// What a record of a dead-letter topic says about itself. Everything but its place is nil where somebody else wrote it.
struct DeadLetter {
    var place: TopicPartition
    var offset: Int64
    /// When it was written.
    var time: WallTime
    var key: [UInt8]?
    var subscription: String?
    var kind: String?
    var status: Int?
    var attempts: Int?
    var message: String?
    var sourceTopic: String?
    var sourcePartition: Int32?
    var sourceOffset: Int64?
    var firstAttempt: String?
    var lastAttempt: String?
    var redrives: Int?

    init(_ record: KafkaRecord, of partition: TopicPartition) {
        place = partition
        offset = record.offset
        time = WallTime(milliseconds: record.timestamp)
        key = record.key.map(Array.init)
        let headers = record.headers
        func text(_ name: StaticString) -> String? {
            headers.last(named: name)?.value.map { String(decoding: $0, as: UTF8.self) }
        }
        subscription = text("fanfare-subscription").flatMap { $0.isEmpty ? nil : $0 }
        kind = text("fanfare-error-kind")
        status = text("fanfare-error-status").flatMap { Int($0) }
        attempts = text("fanfare-attempt").flatMap { Int($0) }
        message = text("fanfare-error-message")
        sourceTopic = text("fanfare-topic")
        sourcePartition = text("fanfare-partition").flatMap { Int32($0) }
        sourceOffset = text("fanfare-offset").flatMap { Int64($0) }
        firstAttempt = text("fanfare-first-attempt")
        lastAttempt = text("fanfare-last-attempt")
        redrives = text("fanfare-redrives").flatMap { Int($0) }
    }

    /// `shop.orders 3-1042`: topic, partition and offset.
    var source: String? {
        guard let sourceTopic, let sourcePartition, let sourceOffset else { return nil }
        return "\(sourceTopic) \(sourcePartition)-\(sourceOffset)"
    }

    /// The key if it is text, else its hexadecimal digits.
    var shownKey: String? {
        key.map { key in
            String(validating: key, as: UTF8.self)
                ?? "0x" + key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    var json: String {
        func text(_ value: String?) -> String { value.map(JSONText.quoted) ?? "null" }
        func number(_ value: (some BinaryInteger)?) -> String { value.map { "\($0)" } ?? "null" }
        return "{\"time\":\(text(time.rfc3339)),\"subscription\":\(text(subscription)),\"kind\":\(text(kind)),"
            + "\"status\":\(number(status)),\"attempts\":\(number(attempts)),\"message\":\(text(message)),\"key\":\(text(shownKey)),"
            + "\"source\":{\"topic\":\(text(sourceTopic)),\"partition\":\(number(sourcePartition)),\"offset\":\(number(sourceOffset))},"
            + "\"firstAttempt\":\(text(firstAttempt)),\"lastAttempt\":\(text(lastAttempt)),\"redrives\":\(number(redrives)),"
            + "\"topic\":\(text(place.topic)),\"partition\":\(place.partition),\"offset\":\(offset)}"
    }
}

/// Reads dead-letter topics up to their ends as they were at the start.
struct DeadLetterReader {
    private let kafka: KafkaConfiguration
    private let admin: ClusterAdmin
    /// Without anything new for so long, reading has failed.
    private static let patience: Int64 = 30_000_000_000
    private static let batch = 512

    init(_ kafka: KafkaConfiguration, _ admin: ClusterAdmin) {
        self.kafka = kafka
        self.admin = admin
    }

    func read(_ topics: [ClusterAdmin.Topic], since: WallTime?, _ handle: (DeadLetter) -> Void) throws {
        do {
            var pending = try ranges(topics, since: since)
            let loop = try EventLoop()
            let reader = try SeekingReader(kafka, signal: loop.signal.descriptor)
            var queues: [(queue: PartitionQueue, end: Int64)] = []
            var progress = Progress("Reading \(topics.map(\.name).joined(separator: ", "))", total: pending.reduce(0) { $0 + Int($1.end - $1.start) })
            var done = 0
            let buffer = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: Self.batch)
            defer { buffer.deallocate() }
            var lastNews = EventLoop.now()
            while !pending.isEmpty || !queues.isEmpty {
                // A few at a time: each fetches ahead into memory of its own.
                while queues.count < 16, let next = pending.popLast() {
                    queues.append((try reader.open(next.partition, at: next.start), next.end))
                }
                var isIdle = true
                for (queue, end) in queues {
                    let count = try queue.read(into: buffer, max: Self.batch)
                    if count > 0 { isIdle = false }
                    done += count
                    for record in UnsafeMutableBufferPointer(start: buffer, count: count) {
                        defer { record.destroy() }
                        guard record.offset < end else { continue }
                        if let since, record.timestamp < since.milliseconds { continue }
                        handle(DeadLetter(record, of: queue.partition))
                    }
                }
                progress.update(done)
                // The last record may be an invisible one of a transaction.
                queues.removeAll { queue, end in
                    guard queue.position >= end || (queue.endOffset ?? -1) >= end else { return false }
                    queue.close()
                    return true
                }
                if !isIdle { lastNews = EventLoop.now() }
                guard EventLoop.now() - lastNews < Self.patience else {
                    throw Failed("the cluster sends nothing of \(queues[0].queue.partition), although it has records up to offset \(queues[0].end)")
                }
                reader.poll { _ in }
                if isIdle, !queues.isEmpty { loop.run(until: EventLoop.now() + 100_000_000) }
            }
            progress.clear()
        } catch let error as KafkaError {
            throw Failed("the dead letters cannot be read: \(error.message)")
        }
    }

    /// What to read of each partition.
    private func ranges(_ topics: [ClusterAdmin.Topic], since: WallTime?) throws -> [(partition: TopicPartition, start: Int64, end: Int64)] {
        var ranges: [(partition: TopicPartition, start: Int64, end: Int64)] = []
        for topic in topics {
            for partition in topic.partitions.map({ TopicPartition(topic: topic.name, partition: $0.number) }) {
                let (low, high) = try admin.watermarks(of: partition)
                if high > low { ranges.append((partition, low, high)) }
            }
        }
        guard let since, !ranges.isEmpty else { return ranges }
        let starts = try admin.offsets(at: ranges.map { (partition: $0.partition, time: since.milliseconds) })
        return ranges.map { range in
            // No offset means that no record is so young, or that the broker has no index by time: looking at all is always right.
            let start = starts[range.partition] ?? LogicalOffset.end
            return (range.partition, start >= 0 ? max(start, range.start) : range.start, range.end)
        }
    }
}
