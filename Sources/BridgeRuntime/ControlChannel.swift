import Control
import EventLoop
import EventModel
import KafkaClient
import Logging
import Synchronization

/// What the control topic said, for a shard to obey.
struct ControlNews: Sendable {
    /// After all of `changes`.
    var state: ControlState
    /// In the order in which they were made; empty when a shard hears of the state for the first time.
    var changes: [ControlRecord]
    /// Everything before this offset of the control topic is in `state`.
    var position: Int64
}

/// A bridge's ear and voice on the control topic: one thread that follows it, tells the shards, and writes what they have to
/// say until Kafka has it.
///
/// It also says that this replica is there and how far it follows, so that a command can wait until everybody has heard it.
final class ControlChannel: Sendable {
    enum Progress: Equatable {
        case reading
        /// Why it cannot be read.
        case failing(String)
        case caughtUp
    }

    /// What both sides see: the bridge and its shards, and the thread.
    struct State {
        var progress = Progress.reading
        var control = ControlState()
        var position: Int64 = 0
        var shards: [ShardMailbox] = []
        /// Up to where each shard obeys.
        var taken: [Int64] = []
        var toWrite: [(record: ControlRecord, submission: Int?)] = []
        /// Changes that somebody waits for.
        var submissions = Submissions()
        /// The manifests as they are now.
        var policies = Policies([])
        var isStopping = false
        var signal: Signal? = nil
    }

    let kafka: KafkaConfiguration
    let topic: String
    /// As others know this process.
    let name: String
    let host = HostName.current
    let startedAt: WallTime
    let log: Logger
    let levels: LogLevelSwitch
    let notifier: Notifier?
    /// Told of the subscriptions that came through the API before any shard hears of the same records.
    let onDefinitions: @Sendable ([String: String]) -> Void
    let state = Mutex(State())

    init(
        _ kafka: KafkaConfiguration, topic: String, startedAt: WallTime, log: Logger, levels: LogLevelSwitch, notifier: Notifier? = nil,
        onDefinitions: @escaping @Sendable ([String: String]) -> Void
    ) {
        self.kafka = kafka
        self.topic = topic
        self.startedAt = startedAt
        self.log = log
        self.levels = levels
        self.notifier = notifier
        self.onDefinitions = onDefinitions
        // A container that comes back has the same one, and takes the place of its former life.
        name = "\(HostName.current)-\(ProcessNumber.current)"
    }

    func start() -> WorkerThread {
        WorkerThread(name: "control") {
            do {
                let loop = try EventLoop()
                self.state.withLock { $0.signal = loop.signal }
                ControlFollower(self, loop).run()
            } catch {
                self.state.withLock { $0.progress = .failing("\(error)") }
            }
            self.endSubmissions()
        }
    }

    /// Says good-bye. Its thread ends soon.
    func stop() {
        change { $0.isStopping = true }
    }

    var progress: Progress { state.withLock { $0.progress } }

    /// From now on these shards hear of everything, and first of what holds already.
    func connect(_ shards: [ShardMailbox]) {
        change { state in
            state.shards = shards
            state.taken = shards.map { _ in -1 }
            let news = ControlNews(state: state.control, changes: [], position: state.position)
            for shard in shards { shard.send(.control(news)) }
        }
    }

    /// A shard obeys everything before this offset.
    func taken(_ position: Int64, by shard: Int) {
        change { $0.taken[shard] = position }
    }

    func write(_ record: ControlRecord) {
        change { $0.toWrite.append((record, nil)) }
    }

    func takeRecords() -> [(record: ControlRecord, submission: Int?)] {
        state.withLock { state in
            defer { state.toWrite = [] }
            return state.toWrite
        }
    }

    /// Somebody's endpoint said stop.
    func suspended(_ policy: Subscription, reason: String) {
        let change = Attribution(by: "fanfare@\(host)", at: Clock.moment().wall, reason: reason)
        write(.suspension(subscription: policy.name, Suspension(isSuspended: true, manifest: policy.manifestDigest, change: change)))
    }

    /// An edit of the manifest is an operator's answer to a suspension, and lifts it for good: without a record of that, an
    /// edit that is taken back later would bring the suspension back.
    func install(_ topics: [TopicManifest]) {
        let policies = Policies(topics)
        let edit = Attribution(by: "fanfare@\(host)", at: Clock.moment().wall, reason: "its manifest was edited")
        change { state in
            for (name, suspension) in state.control.suspensions.sorted(by: { $0.key < $1.key }) where suspension.isSuspended {
                // Of an edition that is not known here yet, another replica may have read it earlier.
                let wasMeant = state.policies[name].map { $0.manifestDigest == suspension.manifest } ?? true
                guard wasMeant, let policy = policies[name], policy.manifestDigest != suspension.manifest else { continue }
                state.toWrite.append((.suspension(subscription: name, Suspension(isSuspended: false, manifest: "", change: edit)), nil))
            }
            state.policies = policies
        }
    }

    func change(_ body: (inout State) -> Void) {
        let signal = state.withLock { state in
            body(&state)
            return state.signal
        }
        signal?.wake()
    }
}

/// Subscriptions by name, which stay where they are: thousands of copies would be more than all else that is known of them.
struct Policies: Sendable {
    private let topics: [TopicManifest]
    private var places: [String: (topic: Int, index: Int)] = [:]

    init(_ topics: [TopicManifest]) {
        self.topics = topics
        places.reserveCapacity(topics.reduce(0) { $0 + $1.subscriptions.count })
        for topic in topics.indices {
            for (index, subscription) in topics[topic].subscriptions.enumerated() where places[subscription.name] == nil {
                places[subscription.name] = (topic, index)
            }
        }
    }

    subscript(name: String) -> Subscription? { places[name].map { topics[$0.topic].subscriptions[$0.index] } }
}
