import EventLoop
import EventModel
import KafkaClient
import Logging
import Synchronization

/// Publishes what happens to the bridge as events of its own. Any thread may tell it; one thread of its own writes.
///
/// Nothing waits for it, and what Kafka does not take is given up and counted: who must not miss a thing has metrics and the log.
final class Notifier: Sendable {
    struct Counts: Sendable, Equatable {
        var written: UInt64 = 0
        var lost: UInt64 = 0
    }

    private struct State {
        var ledger: NotificationLedger
        var counts = Counts()
        var signal: Signal?
        var isStopping = false
    }

    private let kafka: KafkaConfiguration
    private let topic: String
    private let log: Logger
    private let state: Mutex<State>

    /// What the producer may hold.
    private static let mostOutstanding = 1000
    /// How long the last words may take at the end.
    private static let patience = TimeSpan.seconds(2)

    init(_ configuration: BridgeConfiguration, _ kafka: KafkaConfiguration, log: Logger) {
        self.kafka = kafka
        topic = configuration.notificationsTopicName
        self.log = log
        state = Mutex(
            State(
                ledger: NotificationLedger(
                    group: configuration.group, replica: HostName.current, deadLetters: configuration.notifications.deadLetters)))
    }

    /// Those of the notifications' own topic are left out: what is said of them would have to be delivered by them.
    func install(_ topics: [TopicManifest]) {
        let subscriptions = topics.filter { $0.topic != topic }.flatMap(\.subscriptions)
        let subjects = subscriptions.map { ($0.name, NotificationSubject(topic: $0.topic, owner: $0.owner)) }
        state.withLock { $0.ledger.install(Dictionary(subjects) { first, _ in first }) }
    }

    func tell(_ occurrence: NotificationLedger.Occurrence) {
        let now = Clock.moment().wall
        let signal = state.withLock { state in
            state.ledger.note(occurrence, at: now)
            return state.signal
        }
        // There may be thousands of what is counted, and the thread looks every second in any case.
        if !occurrence.isCounted { signal?.wake() }
    }

    func tell(
        _ kind: Notification.Kind, of subscription: String? = nil, _ summary: String, reason: String = "", mark: String? = nil
    ) {
        tell(.plain(Notification(kind: kind, subscription: subscription, summary: summary, reason: reason), mark: mark))
    }

    var counts: Counts { state.withLock { $0.counts } }

    func start() -> WorkerThread {
        WorkerThread(name: "notifications") {
            do {
                let loop = try EventLoop()
                self.state.withLock { $0.signal = loop.signal }
                try self.run(loop)
            } catch {
                self.log.error("no notifications are published", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// Its thread ends soon.
    func stop() {
        let signal = state.withLock { state in
            state.isStopping = true
            return state.signal
        }
        signal?.wake()
    }

    private func run(_ loop: EventLoop) throws {
        var producer = try RecordProducer(kafka, signal: loop.signal.descriptor)
        let shardLog = ShardLog(log)
        var end: Instant?
        while end.map({ producer.outstanding > 0 && Clock.moment().instant < $0 }) ?? true {
            loop.run(until: (Clock.moment().instant + .seconds(1)).nanoseconds)
            let now = Clock.moment()
            let (records, isStopping) = state.withLock { ($0.ledger.take(at: now.wall), $0.isStopping) }
            var failure: KafkaError?
            var counts = Counts()
            for record in records {
                do throws(KafkaError) {
                    guard producer.outstanding < Self.mostOutstanding else {
                        counts.lost += 1
                        continue
                    }
                    try write(record, producer)
                } catch {
                    counts.lost += 1
                    failure = error
                }
            }
            producer.poll({ _, result in
                switch result {
                case .success: counts.written += 1
                case .failure(let error):
                    counts.lost += 1
                    failure = error
                }
            }, notice: shardLog.tell)
            if let fatal = producer.fatalError {
                failure = fatal
                counts.lost += UInt64(producer.outstanding)
                producer = try RecordProducer(kafka, signal: loop.signal.descriptor)
            }
            if counts != Counts() {
                state.withLock { state in
                    state.counts.written += counts.written
                    state.counts.lost += counts.lost
                }
            }
            if let failure {
                shardLog.limited(
                    "notifications", .error, "Kafka does not take a notification; it is given up", ["topic": "\(topic)", "reason": "\(failure)"])
            }
            if isStopping, end == nil { end = now.instant + Self.patience }
        }
    }

    private func write(_ record: NotificationRecord, _ producer: RecordProducer) throws(KafkaError) {
        var headers = HeaderList()
        for header in record.headers { headers.append(name: header.name, value: header.value) }
        let topic = try producer.topic(topic)
        var key = record.key
        var value = record.value
        var failure: KafkaError?
        key.withUTF8 { key in
            value.withUTF8 { value in
                do throws(KafkaError) {
                    try producer.produce(
                        to: topic, key: UnsafeRawBufferPointer(key), value: UnsafeRawBufferPointer(value), headers: &headers, token: 0)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }
}
