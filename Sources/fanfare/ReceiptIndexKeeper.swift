import BridgeRuntime
import EventLoop
import EventModel
import Glibc
import KafkaClient
import Logging
import OpsServer
import ReceiptIndex
import Receipts
import Synchronization

/// The index of a serving replica, and the thread that keeps it up to date.
///
/// Nothing waits for it, and deliveries go on without it: what goes wrong is logged, said to who asks, and tried again.
final class ReceiptIndexKeeper: Sendable {
    private struct State {
        /// Nil while there is none to ask.
        var index: ReceiptIndex?
        var standing: ReceiptIndexStanding?
        var problem = "it is being opened"
        /// How often it was begun anew, because the topic was.
        var renewals = 0
        /// Whoever asked found that it is damaged.
        var isDamaged = false
        var isStopping = false
    }

    private let kafka: KafkaConfiguration
    private let topic: String
    private let settings: BridgeConfiguration.Receipts.Index
    private let log: Logger
    private let state = Mutex(State())
    /// Between two tries, in seconds.
    private static let pause: UInt32 = 10
    /// It rests so many times as long as it works: of a processor it takes an eighth, however many receipts there are. They are
    /// in Kafka, and the index says how far behind it is.
    private static let rest = 7

    init(_ kafka: KafkaConfiguration, _ configuration: BridgeConfiguration, log: Logger) {
        self.kafka = kafka
        topic = configuration.receiptsTopicName
        settings = configuration.receipts.index
        self.log = log
    }

    func start() {
        _ = WorkerThread(name: "receipt-index") { [self] in
            // On Linux this is the thread's own: it takes what deliveries leave.
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            var told: String?
            while !isStopping {
                do {
                    try follow()
                    told = nil
                } catch let renewed as ReceiptIndexer.Renewed {
                    begunAnew("\(renewed)")
                } catch {
                    let problem = "\(error)"
                    state.withLock { state in
                        state.index = nil
                        state.standing = nil
                        state.problem = problem
                    }
                    if told != problem {
                        log.warning(
                            "there is no index of receipts just now; deliveries do not need it, and it is tried again",
                            metadata: ["path": "\(settings.path)", "reason": "\(problem)"])
                    }
                    told = problem
                    for _ in 0..<Self.pause where !isStopping { sleep(1) }
                }
            }
        }
    }

    /// Asks the thread to end; it is not waited for, as a process may end at any moment.
    func stop() { state.withLock { $0.isStopping = true } }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func follow() throws {
        let indexer = try ReceiptIndexer(
            kafka, topic: topic, path: settings.path, bounds: .init(age: settings.maxAge, bytes: settings.maxBytes))
        if indexer.isRenewed { begunAnew("\(ReceiptIndexer.Renewed(topic: topic))") }
        if indexer.total > 0 { log.info("index of receipts", metadata: ["path": "\(settings.path)", "behind": "\(indexer.total)"]) }
        state.withLock { $0.index = indexer.index }
        do {
            while !isStopping, !state.withLock({ $0.isDamaged }) {
                let began = EventLoop.threadMicroseconds()
                try indexer.read()
                var standing = try indexer.index.standing(behind: indexer.behind)
                state.withLock { state in
                    standing.renewals = state.renewals
                    state.standing = standing
                }
                usleep(UInt32(clamping: (EventLoop.threadMicroseconds() - began) * Self.rest))
            }
        } catch let failure as ReceiptIndexFailure where failure.kind == .damaged {
            state.withLock { $0.isDamaged = true }
        }
        let isDamaged = state.withLock { state in
            defer { state.isDamaged = false }
            if state.isDamaged { (state.index, state.standing, state.problem) = (nil, nil, "it was damaged, and is made anew") }
            return state.isDamaged
        }
        guard isDamaged else { return }
        log.warning("the index of receipts is damaged, and is made anew", metadata: ["path": "\(settings.path)"])
        try indexer.index.discard()
    }

    private func begunAnew(_ reason: String) {
        state.withLock { state in
            (state.index, state.standing, state.problem) = (nil, nil, reason)
            state.renewals += 1
        }
        log.warning(
            "the index of receipts begins anew, and what happened before cannot be asked any more: the receipts topic was deleted and made anew",
            metadata: ["topic": "\(topic)", "path": "\(settings.path)"])
    }

    /// How far it is; nil where there is none just now.
    var standing: ReceiptIndexStanding? { state.withLock { $0.standing } }

    func page(_ filter: ReceiptFilter, limit: Int, after: ReceiptPosition?) async throws(DeliveriesFailure) -> ReceiptPage {
        let (index, behind, problem) = state.withLock { ($0.index, $0.standing?.behind, $0.problem) }
        guard let index else { throw .unavailable("the index of receipts (\(settings.path)) cannot be asked: \(problem)") }
        do throws(ReceiptIndexFailure) {
            return try await index.page(filter, limit: limit, after: after, behind: behind)
        } catch {
            if error.kind == .damaged { state.withLock { $0.isDamaged = true } }
            throw .unavailable("the index of receipts (\(settings.path)) cannot be asked: \(error)")
        }
    }
}
