import EventLoop
import EventModel
import KafkaClient
import Logging
import Synchronization

/// Where the receipts of a process go: one producer for all its shards, and a thread that counts what it loses.
///
/// Nothing waits for it, and nothing depends on it. What it cannot take, because too much is waiting already or the topic cannot be
/// written, is lost and counted.
final class ReceiptTopic: Sendable {
    private let producer: LossyProducer
    private let name: String
    private let log: Logger
    private let losses = Atomic<UInt64>(0)
    private let isClosing = Atomic<Bool>(false)
    /// Why the first of those was lost that nobody has been told of.
    private let reason = Mutex<String?>(nil)
    /// In what receipts are called, so that those of two processes differ.
    let process: UInt64

    /// At the end, for what is not written yet.
    private static let patience: TimeSpan = .seconds(3)
    /// Between two lines about losses.
    private static let silence: TimeSpan = .minutes(1)

    init(_ kafka: KafkaConfiguration, topic: String, log: Logger) throws(KafkaError) {
        producer = try LossyProducer(kafka, topic: topic)
        name = topic
        self.log = log
        process = .random(in: .min ... .max)
    }

    /// Receipts that were written nowhere.
    var lost: UInt64 { losses.load(ordering: .relaxed) }

    /// Any thread's; never waits.
    func write(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, headers: inout HeaderList, at time: WallTime) {
        do throws(KafkaError) {
            try producer.produce(key: key, value: value, headers: &headers, timestamp: time.milliseconds)
        } catch {
            lose(error)
        }
    }

    private func lose(_ error: KafkaError) {
        let before = losses.wrappingAdd(1, ordering: .relaxed).oldValue
        // Under load there are thousands a second, of which one is told of a minute.
        guard before % 64 == 0 || error.code != ._QUEUE_FULL else { return }
        reason.withLock { $0 = $0 ?? error.message }
    }

    func start() -> WorkerThread {
        WorkerThread(name: "receipts") { [self] in
            var nextLine = Instant(nanoseconds: 0)
            while !isClosing.load(ordering: .acquiring) {
                poll(&nextLine)
            }
            finish(for: Self.patience, &nextLine)
            // What is purged comes back as lost.
            producer.abandon()
            finish(for: .seconds(1), &nextLine)
            say()
        }
    }

    private func finish(for span: TimeSpan, _ nextLine: inout Instant) {
        let end = Clock.moment().instant + span
        while producer.outstanding > 0, Clock.moment().instant < end { poll(&nextLine) }
    }

    private func poll(_ nextLine: inout Instant) {
        producer.poll(milliseconds: 100, lost: { lose($0) }, notice: { notice in
            if case .log(let line) = notice { log.debug("librdkafka", metadata: ["facility": "\(line.facility)", "text": "\(line.text)"]) }
        })
        let now = Clock.moment().instant
        if now >= nextLine, say() { nextLine = now + Self.silence }
    }

    /// - Returns: false when there is nothing new to say.
    @discardableResult
    private func say() -> Bool {
        guard let reason = reason.withLock({ $0.take() }) else { return false }
        log.warning(
            "receipts of attempts are lost; deliveries do not wait for them",
            metadata: ["topic": "\(name)", "reason": "\(reason)", "lost": "\(lost)", "help": "`fanfare apply` creates the topic; receipts.enabled: false asks for none"])
        return true
    }

    /// Before the thread is joined: what is not written within seconds is lost.
    func close() { isClosing.store(true, ordering: .releasing) }
}
