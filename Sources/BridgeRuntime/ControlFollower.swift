import Control
import EventLoop
import EventModel
import KafkaClient
import Logging
import Synchronization

/// The thread of a `ControlChannel`: follows the topic, and writes to it.
final class ControlFollower {
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
    /// By what the writer calls their records.
    private var submissions: [UInt: Int] = [:]

    /// How long the last words may take at the end.
    private static let patience = TimeSpan.seconds(3)

    init(_ channel: ControlChannel, _ loop: EventLoop) {
        self.channel = channel
        self.loop = loop
        log = ShardLog(channel.log)
        writer = ControlWriter(channel.kafka, topic: channel.topic, signal: loop.signal.descriptor)
    }

    /// Until the channel is stopped and its last words are said.
    func run() {
        var end: Instant?
        // The bridge begins when it knows what the topic holds.
        read()
        while true {
            loop.run(until: (Clock.moment().instant + .milliseconds(end == nil ? 500 : 20)).nanoseconds)
            read()
            setLogLevel()
            announce()
            write()
            channel.settleSubmissions(at: Clock.moment().instant)
            guard channel.state.withLock({ $0.isStopping }) else { continue }
            if end == nil {
                end = Clock.moment().instant + Self.patience
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
        if reader.isCaughtUp, !wasCaughtUp || news.contains(where: { $0.record.isRegistration }) {
            // Shards know where a new one is to begin before they have it: else it would begin at the cursors of its namesake.
            channel.state.withLock { state in
                let known = ControlNews(state: reader.state, changes: [], position: state.position)
                for shard in state.shards { shard.send(.control(known)) }
            }
            channel.onDefinitions(reader.state.definitions)
        }
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
                if wasCaughtUp {
                    say(record)
                    notify(record, offset)
                }
            }
        }
    }

    /// What holds now: a change ends by itself.
    private func setLogLevel() {
        let change = channel.state.withLock { $0.control.logLevel }
        guard channel.levels.set(change?.level(at: Clock.moment().wall)) else { return }
        // At a level at which it is seen.
        channel.log.log(level: max(.notice, channel.log.logLevel), "log level", metadata: ["level": "\(channel.levels.level.rawValue)"])
    }

    /// Once the shards obey what somebody may be waiting for.
    private func announce() {
        guard let reached = channel.state.withLock({ $0.taken.min() }), reached >= awaited, announced < awaited else { return }
        announced = reached
        writer.write(
            .replica(name: channel.name, Replica(host: channel.host, startedAt: channel.startedAt, position: reached)))
    }

    private func write() {
        for entry in channel.takeRecords() {
            let token = writer.write(entry.record)
            if let submission = entry.submission { submissions[token] = submission }
        }
        guard Clock.moment().instant >= retryAt else { return }
        do throws(KafkaError) {
            try writer.poll(acknowledged: acknowledged)
        } catch {
            retryAt = Clock.moment().instant + .seconds(1)
            log.limited(
                "control write", .error, "the control topic does not take a record; it is sent again",
                ["topic": "\(channel.topic)", "reason": "\(error)"])
        }
    }

    private func acknowledged(_ token: UInt, at offset: Int64) {
        guard let submission = submissions.removeValue(forKey: token) else { return }
        channel.state.withLock { $0.submissions.written(submission, at: offset) }
    }

    private func sayWhatHolds(_ state: ControlState) {
        let paused = state.pauses.filter(\.value.isPaused).keys.sorted()
        let suspended = state.suspensions.filter(\.value.isSuspended).keys.sorted()
        guard !paused.isEmpty || !suspended.isEmpty else { return }
        channel.log.notice(
            "subscriptions are halted by the control topic (a suspension only if its manifest is still the same)",
            metadata: ["paused": "\(paused.joined(separator: " "))", "suspended": "\(suspended.joined(separator: " "))"])
    }

    /// All replicas do, each under the same id.
    private func notify(_ record: ControlRecord, _ offset: Int64) {
        func tell(_ kind: Notification.Kind, _ name: String, _ what: String, _ change: Attribution) {
            channel.notifier?.tell(kind, of: name, "\(name): \(what) by \(change.by)", reason: change.reason, mark: "\(offset)")
        }
        switch record {
        case .pause(let name, let pause): tell(pause.isPaused ? .paused : .resumed, name, pause.isPaused ? "paused" : "resumed", pause.change)
        case .suspension(let name, let suspension) where suspension.isSuspended:
            tell(.suspended, name, "nothing is delivered until somebody resumes it; suspended", suspension.change)
        case .seek(let name, let seek): tell(.moved, name, "moved to \(seek.to)", seek.change)
        case .suspension, .registration, .forgotten, .soughtPartition, .replica, .job, .jobStop, .logLevel: break
        }
    }

    private func say(_ record: ControlRecord) {
        func line(_ name: String, _ message: Logger.Message, _ change: Attribution, _ more: Logger.Metadata = [:]) {
            channel.log.notice(message, metadata: ["subscription": "\(name)"].merging(attribution(change)) { $1 }.merging(more) { $1 })
        }
        func attribution(_ change: Attribution) -> Logger.Metadata {
            let metadata: Logger.Metadata = ["by": "\(change.by)", "at": "\(change.at.rfc3339)"]
            return change.reason.isEmpty ? metadata : metadata.merging(["reason": "\(change.reason)"]) { $1 }
        }
        switch record {
        case .pause(let name, let pause): line(name, pause.isPaused ? "paused" : "resumed", pause.change)
        case .suspension(let name, let suspension):
            line(name, suspension.isSuspended ? "suspended on all replicas" : "suspension lifted", suspension.change)
        case .registration(let name, let registration):
            line(name, registration.definition == nil ? "deleted through the API" : "registered through the API", registration.change)
        case .seek(let name, let seek):
            line(name, "seek", seek.change, ["to": "\(seek.to)", "partitions": "\(seek.offsets.count)"])
        case .job(let id, let order):
            let metadata: Logger.Metadata = ["job": "\(id.name)", "by": "\(order.change.by)", "reason": "\(order.change.reason)", "replica": "\(order.replica)"]
            guard let outcome = order.outcome else { return channel.log.notice("\(id.verb.rawValue) begins", metadata: metadata) }
            channel.log.notice(
                "\(id.verb.rawValue) ended", metadata: metadata.merging(["end": "\(outcome.end.rawValue)", "sent": "\(outcome.sent)", "refused": "\(outcome.refused)"]) { $1 })
        case .jobStop(let id, let stop):
            channel.log.notice("\(id.verb.rawValue) is to stop", metadata: ["job": "\(id.name)", "by": "\(stop.change.by)", "reason": "\(stop.change.reason)"])
        case .forgotten(let key) where key.isOfJob: break
        case .forgotten(let key):
            channel.log.notice("forgotten: its record was deleted from the control topic", metadata: ["key": "\(key.text)"])
        case .logLevel(let change):
            var metadata: Logger.Metadata = ["level": "\(change.level?.rawValue ?? "configured")", "until": "\(change.until.rfc3339)"]
            metadata.merge(attribution(change.change)) { $1 }
            channel.log.notice("another log level is asked for", metadata: metadata)
        case .soughtPartition, .replica: break
        }
    }
}

extension ControlRecord {
    fileprivate var isRegistration: Bool {
        switch self {
        case .registration, .forgotten(.registration): true
        default: false
        }
    }
}
