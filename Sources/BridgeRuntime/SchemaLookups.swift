import EventFormats
import EventModel
import Logging
import SchemaRegistry
import Synchronization

/// Questions to the schema registry, asked on a thread of their own so that no shard waits. Each is asked until it is
/// answered; all shards that want to know the same get one answer.
final class SchemaLookups: Sendable {
    struct Answer: Sendable {
        var schema: SchemaAnswer
        /// The registry did not have it, and may have it later.
        var isPassing: Bool
    }

    struct Counts: Sendable {
        var found: UInt64 = 0
        var unknown: UInt64 = 0
        var failed: UInt64 = 0
    }

    typealias SchemaID = ConfluentFrame.SchemaID

    private struct State {
        /// In the order in which they are asked.
        var waiting: [SchemaID] = []
        var answers: [SchemaID: [@Sendable (Answer) -> Void]] = [:]
        /// A schema never changes.
        var known: [SchemaID: SchemaAnswer] = [:]
        var counts = Counts()
        var isStopped = false
        var isRunning = false
    }

    private let client: RegistryClient
    private let log: Logger
    private let state = Mutex(State())

    init(_ configuration: BridgeConfiguration.SchemaRegistry, log: Logger) {
        client = RegistryClient(configuration)
        self.log = log
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// The answer comes on another thread, or on this one at once. Not at all after `stop`.
    func ask(_ id: SchemaID, _ answer: @escaping @Sendable (Answer) -> Void) {
        let (known, mustStart) = state.withLock { state -> (SchemaAnswer?, Bool) in
            if let known = state.known[id] { return (known, false) }
            if state.answers[id] == nil { state.waiting.append(id) }
            state.answers[id, default: []].append(answer)
            defer { state.isRunning = true }
            return (nil, !state.isRunning && !state.isStopped)
        }
        if let known { return answer(Answer(schema: known, isPassing: false)) }
        // A thread while there are questions: they come with new schemas, then none for days.
        if mustStart { _ = WorkerThread(name: "schemas") { self.work() } }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    private func work() {
        var lastSaid: String?
        while true {
            let next = state.withLock { state -> SchemaID? in
                guard !state.isStopped, !state.waiting.isEmpty else {
                    state.isRunning = false
                    return nil
                }
                return state.waiting.removeFirst()
            }
            guard let next else { return }
            switch client.ask(next) {
            case .found(let schema):
                if lastSaid != nil { log.notice("the schema registry answers again") }
                lastSaid = nil
                finish(next, Answer(schema: schema, isPassing: false))
            case .unknown(let reason):
                log.warning("\(reason)")
                finish(next, Answer(schema: .refused(reason), isPassing: true))
            case .failed(let reason):
                if lastSaid != reason {
                    log.error(
                        "a schema is not known; partitions with records that need it wait, and nothing is lost",
                        metadata: ["schema": "\(next)", "reason": "\(reason)"])
                }
                lastSaid = reason
                // Behind the others: one that the registry stumbles over holds none of them up.
                state.withLock { state in
                    state.counts.failed += 1
                    state.waiting.append(next)
                }
                Clock.pause(milliseconds: 500)
            }
        }
    }

    private func finish(_ id: SchemaID, _ answer: Answer) {
        let answers = state.withLock { state in
            if answer.isPassing {
                state.counts.unknown += 1
            } else {
                state.counts.found += 1
                state.known[id] = answer.schema
            }
            return state.answers.removeValue(forKey: id) ?? []
        }
        for tell in answers { tell(answer) }
    }
}
