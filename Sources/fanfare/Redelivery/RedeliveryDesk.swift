import BridgeRuntime
import Control
import EventLoop
import EventModel
import KafkaClient
import OpsServer
import Redelivery
import SchemaRegistry
import Synchronization

/// Looks at dead letters and runs jobs for the ops server, on threads of their own: deliveries and the server go on meanwhile.
final class RedeliveryDesk: RedeliverySource {
    struct State {
        var readers = 0
        var running: [JobOrder.ID: RunningJob] = [:]
        /// Also dry runs, which nobody else knows of.
        var ended: [JobOrder.ID: RunningJob] = [:]
        /// Runs on other replicas that have shown no sign of life.
        var dead: Set<String> = []
        /// Jobs on other replicas, and when they last did.
        var alive: [JobOrder.ID: ContinuousClock.Instant] = [:]
        var isEnding = false
    }

    /// At once; each has a thread and clients of its own.
    static let mostReaders = 4
    static let mostJobs = 4
    /// Of those that have ended.
    static let remembered = 100
    /// A job that was alive then is taken to be so still.
    static let trust = Duration.seconds(3)

    let bridge: Bridge
    let state = Mutex(State())

    init(_ bridge: Bridge) { self.bridge = bridge }

    // MARK: Dead letters

    func deadLetters(
        of topic: String?, _ filter: DeadLetterFilter, limit: Int, after: DeadLetterCursor?
    ) async throws(RedeliveryFailure) -> DeadLetterPage {
        try await reading { desk in
            try desk.source(topic.map { DeadLetterSelection(topic: $0) }, filter).page(limit: limit, after: after)
        }
    }

    func deadLetter(at place: RecordPlace) async throws(RedeliveryFailure) -> WholeDeadLetter {
        let found = try await reading { desk -> WholeDeadLetter? in
            // Whoever may see these may not therefore read every topic.
            guard DeadLetterTopics(desk.bridge.configuration, desk.bridge.topics).contains(place.topic) else { return nil }
            let source = try desk.source(nil, DeadLetterFilter())
            let partitions = source.cluster.topics.first { $0.name == place.topic }?.partitions ?? []
            guard partitions.contains(where: { $0.number == place.partition }) else { return nil }
            let log = try source.admin.watermarks(of: place.topicPartition)
            guard log.low <= place.offset, place.offset < log.high else { return nil }
            return try source.letter(at: place)
        }
        guard let found else { throw .unknown("There is no dead letter \(place), or not any more; /api/v1/dead-letters lists those that there are.") }
        return found
    }

    /// Nobody waits for long: each reads so much, and only so many do at once.
    func reading<Value: Sendable>(_ body: @escaping @Sendable (RedeliveryDesk) throws -> Value) async throws(RedeliveryFailure) -> Value {
        let isFree = state.withLock { state in
            guard state.readers < Self.mostReaders else { return false }
            state.readers += 1
            return true
        }
        guard isFree else { throw .unavailable("\(Self.mostReaders) calls read dead letters; repeat it when they have ended") }
        return try await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, RedeliveryFailure>, Never>) in
            Bridge.thread("dead letters") { [self] in
                let result = Result { try body(self) }.mapError { Self.failure($0) }
                state.withLock { $0.readers -= 1 }
                continuation.resume(returning: result)
            }
        }.get()
    }

    /// - Parameter selection: nil means all.
    func source(_ selection: DeadLetterSelection?, _ filter: DeadLetterFilter) throws -> DeadLetterSource {
        let (configuration, manifests) = (bridge.configuration, bridge.topics)
        let admin = try ClusterAdmin(bridge.kafka, timeoutMilliseconds: 5000)
        let source = try DeadLetterSource(
            selection, filter: filter, configuration, manifests, bridge.kafka, admin, try admin.metadata(topic: nil),
            schemas: AskedSchemas(configuration.schemaRegistry))
        let known = DeadLetterTopics(configuration, manifests)
        guard source.topics.allSatisfy({ known.contains($0.name) }) else {
            throw RedeliveryFailure.unknown("\(selection?.topic ?? "") is neither a topic of the manifests nor a dead-letter topic.")
        }
        return source
    }

    static func failure(_ error: any Error) -> RedeliveryFailure {
        switch error {
        case let failure as RedeliveryFailure: return failure
        case let failure as JobFailure:
            let sentence = failure.sentence(for: .request)
            switch failure {
            case .unknown: return .unknown(sentence)
            case .taken, .otherOptions, .complete, .noRetryTopic: return .impossible(sentence)
            case .leaseUnknown, .stopped: return .unavailable(sentence)
            }
        case let error as KafkaError: return .unavailable("Kafka does not say what there is: \(error.message)")
        case let silence as RangeReader.Silence: return .unavailable(silence.reason)
        default: return .unavailable("\(error)")
        }
    }
}
