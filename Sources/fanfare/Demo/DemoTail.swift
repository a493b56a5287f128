import CLinux
import EventModel
import Glibc
import KafkaClient

/// Reads the retry and the dead-letter topics from their beginning, as any Kafka client could.
final class DemoTail {
    private let reader: SeekingReader
    private let ledger: DemoLedger
    private let signal: Int32
    private var retries: [PartitionQueue] = []
    private var deadLetters: [PartitionQueue] = []
    private let buffer = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: 100)

    init(_ kafka: KafkaConfiguration, retry: (topic: String, partitions: Int), deadLetters: [(topic: String, partitions: Int)], ledger: DemoLedger) throws {
        self.ledger = ledger
        // Written by librdkafka; nobody waits for it, because `read` is called now and then.
        signal = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        reader = try SeekingReader(kafka, signal: signal)
        retries = try open([retry])
        self.deadLetters = try open(deadLetters)
    }

    deinit {
        for queue in retries + deadLetters { queue.close() }
        buffer.deallocate()
        // The descriptor stays open: librdkafka's threads may still write to it, and the process is about to end.
    }

    private func open(_ topics: [(topic: String, partitions: Int)]) throws -> [PartitionQueue] {
        try topics.flatMap { topic, partitions in
            try (0..<partitions).map { try reader.open(TopicPartition(topic: topic, partition: Int32($0)), at: LogicalOffset.beginning) }
        }
    }

    /// Takes what is there. True when everything had been read up to the end.
    func read() throws -> Bool {
        reader.poll { _ in }
        for queue in retries { try read(queue, isRetry: true) }
        for queue in deadLetters { try read(queue, isRetry: false) }
        return (retries + deadLetters).allSatisfy { $0.endOffset != nil }
    }

    private func read(_ queue: PartitionQueue, isRetry: Bool) throws {
        while case let count = try queue.read(into: buffer, max: 100), count > 0 {
            for index in 0..<count {
                note(buffer[index], isRetry: isRetry)
                buffer[index].destroy()
            }
        }
    }

    private func note(_ record: KafkaRecord, isRetry: Bool) {
        let headers = record.headers
        func text(_ name: StaticString) -> String? {
            headers.last(named: name)?.value.map { String(decoding: $0, as: UTF8.self) }
        }
        guard let subscription = text("fanfare-subscription"), let partition = text("fanfare-partition").flatMap({ Int32($0) }),
            let offset = text("fanfare-offset").flatMap({ Int64($0) })
        else { return }
        let event = PlaceInTopic(partition: partition, offset: offset)
        if isRetry {
            ledger.retryRecord(at: PlaceInTopic(partition: record.partition, offset: record.offset), of: event, subscription: subscription)
        } else {
            let topic = text("fanfare-topic") ?? ""
            ledger.deadLetter(
                event,
                .init(
                    subscription: subscription, event: "\(topic)-\(partition)-\(offset)",
                    reason: text("fanfare-error-message") ?? text("fanfare-error-kind") ?? "no reason given"))
        }
    }
}
