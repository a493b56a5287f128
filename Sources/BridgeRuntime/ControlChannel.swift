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

    private struct State {
        var progress = Progress.reading
        var control = ControlState()
        var position: Int64 = 0
        var shards: [ShardMailbox] = []
        /// Up to where each shard obeys.
        var taken: [Int64] = []
        var toWrite: [ControlRecord] = []
        /// The manifests as they are now.
        var policies: [String: Subscription] = [:]
        var isStopping = false
        var signal: Signal? = nil
    }

    private let kafka: KafkaConfiguration
    private let topic: String
    /// As others know this process.
    private let name: String
    private let host = HostName.current
    private let startedAt: WallTime
    private let log: Logger
    private let state = Mutex(State())

    /// How long the last words may take at the end.
    private static let patience = TimeSpan.seconds(3)

    init(_ kafka: KafkaConfiguration, topic: String, startedAt: WallTime, log: Logger) {
        self.kafka = kafka
        self.topic = topic
        self.startedAt = startedAt
        self.log = log
        // A container that comes back has the same one, and takes the place of its former life.
        name = "\(HostName.current)-\(ProcessNumber.current)"
    }

    func start() -> WorkerThread { WorkerThread(name: "control") { self.run() } }

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
        change { $0.toWrite.append(record) }
    }

    /// Somebody's endpoint said stop.
    func suspended(_ policy: Subscription, reason: String) {
        let change = Attribution(by: "fanfare@\(host)", at: Clock.moment().wall, reason: reason)
        write(.suspension(subscription: policy.name, Suspension(isSuspended: true, manifest: policy.manifestDigest, change: change)))
    }

    /// An edit of the manifest is an operator's answer to a suspension, and lifts it for good: without a record of that, an
    /// edit that is taken back later would bring the suspension back.
    func install(_ topics: [TopicManifest]) {
        let policies = Dictionary(topics.flatMap(\.subscriptions).map { ($0.name, $0) }) { first, _ in first }
        let edit = Attribution(by: "fanfare@\(host)", at: Clock.moment().wall, reason: "its manifest was edited")
        change { state in
            for (name, suspension) in state.control.suspensions.sorted(by: { $0.key < $1.key }) where suspension.isSuspended {
                // Of an edition that is not known here yet, another replica may have read it earlier.
                let wasMeant = state.policies[name].map { $0.manifestDigest == suspension.manifest } ?? true
                guard wasMeant, let policy = policies[name], policy.manifestDigest != suspension.manifest else { continue }
                state.toWrite.append(.suspension(subscription: name, Suspension(isSuspended: false, manifest: "", change: edit)))
            }
            state.policies = policies
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let signal = state.withLock { state in
            body(&state)
            return state.signal
        }
        signal?.wake()
    }

    // MARK: The thread

    private func run() {
        do {
            let loop = try EventLoop()
            state.withLock { $0.signal = loop.signal }
            Follower(self, loop).run()
        } catch {
            state.withLock { $0.progress = .failing("\(error)") }
        }
    }

    /// What belongs to the thread alone.
    private final class Follower {
        private let channel: ControlChannel
        private let loop: EventLoop
        private let writer: ControlWriter
        private var reader: ControlReader?
        private let log: ShardLog
        /// Where this replica said that it is; -1 before it said anything.
        private var announced: Int64 = -1
        /// Somebody may wait until this replica is there.
        private var awaited: Int64 = 0
        private var retryAt = Instant(nanoseconds: 0)

        init(_ channel: ControlChannel, _ loop: EventLoop) {
            self.channel = channel
            self.loop = loop
            log = ShardLog(channel.log)
            writer = ControlWriter(channel.kafka, topic: channel.topic, signal: loop.signal.descriptor)
        }

        func run() {
            var end: Instant?
            while true {
                loop.run(until: (Clock.moment().instant + .milliseconds(end == nil ? 500 : 20)).nanoseconds)
                read()
                announce()
                write()
                guard channel.state.withLock({ $0.isStopping }) else { continue }
                if end == nil {
                    end = Clock.moment().instant + ControlChannel.patience
                    if announced >= 0 { writer.write(.forgotten(.replica(channel.name))) }
                    write()
                }
                if writer.outstanding == 0 || Clock.moment().instant > end! { return }
            }
        }

        private func read() {
            do throws(KafkaError) {
                let reader = try connectedReader()
                let news = try reader.read { offset, error in
                    log.limited("control record", .warning, "a record of the control topic cannot be read and is passed over", ["offset": "\(offset)", "reason": "\(error)"])
                }
                tell(news, reader)
            } catch {
                log.limited("control", .warning, "the control topic cannot be read just now", ["topic": "\(channel.topic)", "reason": "\(error)"])
                channel.state.withLock { if $0.progress != .caughtUp { $0.progress = .failing(error.message) } }
            }
        }

        private func connectedReader() throws(KafkaError) -> ControlReader {
            if let reader { return reader }
            let new = try ControlReader(channel.kafka, topic: channel.topic, signal: loop.signal.descriptor)
            reader = new
            return new
        }

        private func tell(_ news: [(offset: Int64, record: ControlRecord)], _ reader: ControlReader) {
            let wasCaughtUp = channel.progress == .caughtUp
            channel.state.withLock { state in
                state.control = reader.state
                state.position = reader.position
                if reader.isCaughtUp { state.progress = .caughtUp }
                guard !news.isEmpty else { return }
                let news = ControlNews(state: reader.state, changes: news.map(\.record), position: reader.position)
                for shard in state.shards { shard.send(.control(news)) }
            }
            if !wasCaughtUp, reader.isCaughtUp { sayWhatHolds(reader.state) }
            for (offset, record) in news {
                switch record {
                case .forgotten(.replica(channel.name)): announced = -1
                case .replica, .soughtPartition, .forgotten(.replica), .forgotten(.soughtPartition): break
                default:
                    awaited = offset + 1
                    if wasCaughtUp { say(record) }
                }
            }
        }

        /// Once the shards obey what somebody may be waiting for.
        private func announce() {
            guard let reached = channel.state.withLock({ $0.taken.min() }), reached >= awaited, announced < awaited else { return }
            announced = reached
            writer.write(
                .replica(name: channel.name, Replica(host: channel.host, startedAt: channel.startedAt, position: reached)))
        }

        private func write() {
            for record in channel.state.withLock({ state in
                defer { state.toWrite = [] }
                return state.toWrite
            }) { writer.write(record) }
            guard writer.outstanding > 0, Clock.moment().instant >= retryAt else { return }
            do throws(KafkaError) {
                try writer.poll()
            } catch {
                retryAt = Clock.moment().instant + .seconds(1)
                log.limited(
                    "control write", .error, "the control topic does not take a record; it is sent again",
                    ["topic": "\(channel.topic)", "reason": "\(error)"])
            }
        }

        private func sayWhatHolds(_ state: ControlState) {
            let paused = state.pauses.filter(\.value.isPaused).keys.sorted()
            let suspended = state.suspensions.filter(\.value.isSuspended).keys.sorted()
            guard !paused.isEmpty || !suspended.isEmpty else { return }
            channel.log.notice(
                "subscriptions are halted by the control topic (a suspension only if its manifest is still the same)",
                metadata: ["paused": "\(paused.joined(separator: " "))", "suspended": "\(suspended.joined(separator: " "))"])
        }

        private func say(_ record: ControlRecord) {
            func line(_ name: String, _ message: Logger.Message, _ change: Attribution, _ more: Logger.Metadata = [:]) {
                var metadata: Logger.Metadata = ["subscription": "\(name)", "by": "\(change.by)", "at": "\(change.at.rfc3339)"]
                if !change.reason.isEmpty { metadata["reason"] = "\(change.reason)" }
                channel.log.notice(message, metadata: metadata.merging(more) { $1 })
            }
            switch record {
            case .pause(let name, let pause): line(name, pause.isPaused ? "paused" : "resumed", pause.change)
            case .suspension(let name, let suspension):
                line(name, suspension.isSuspended ? "suspended on all replicas" : "suspension lifted", suspension.change)
            case .seek(let name, let seek):
                line(name, "seek", seek.change, ["to": "\(seek.to)", "partitions": "\(seek.offsets.count)"])
            case .forgotten(let key):
                channel.log.notice("forgotten: its record was deleted from the control topic", metadata: ["key": "\(key.text)"])
            case .soughtPartition, .replica: break
            }
        }
    }
}
