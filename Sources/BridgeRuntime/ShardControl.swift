import Control
import DeliveryCore
import EventModel
import KafkaClient
import Logging

/// A cursor that is on its way to where a seek sends it.
struct SeekUnderWay {
    enum Phase {
        /// What is in flight ends first.
        case moving
        /// At the new place, which is not committed yet.
        case placed
        case committing
        /// Said in the control topic; not read there yet.
        case done
    }

    var seek: String
    var subscription: SubscriptionID
    var handle: PartitionHandle
    var offset: Int64
    var phase = Phase.moving

    struct Place: Hashable {
        var subscription: String
        var partition: Int32
    }
}

// What the control topic says is done here, and what happens here is said there.
extension Shard {
    func obey(_ news: ControlNews) {
        control = news.state
        for change in news.changes { obey(change) }
        if news.changes.contains(where: \.isSeek) { startSeeks() }
        channel.taken(news.position, by: plan.index)
    }

    /// Only a change lifts anything: a suspension that began here may not have come back through the topic yet.
    private func obey(_ change: ControlRecord) {
        switch change {
        case .pause(let name, let pause):
            guard let id = core.subscription(named: name) else { return }
            halt(id, isPaused: pause.isPaused, suspension: core.suspension(of: id))
        case .suspension(let name, let suspension):
            guard let id = core.subscription(named: name) else { return }
            if !suspension.isSuspended {
                halt(id, isPaused: core.isPaused(id), suspension: nil)
            } else if suspension.manifest == core.subscription(id).manifestDigest {
                halt(id, isPaused: core.isPaused(id), suspension: suspension.change.reason)
            }
        case .forgotten(.pause(let name)):
            guard let id = core.subscription(named: name) else { return }
            halt(id, isPaused: false, suspension: core.suspension(of: id))
        case .forgotten(.suspension(let name)):
            guard let id = core.subscription(named: name) else { return }
            halt(id, isPaused: core.isPaused(id), suspension: nil)
        case .soughtPartition(let name, let partition, let seek):
            let place = SeekUnderWay.Place(subscription: name, partition: partition)
            if seeks[place]?.seek == seek { seeks[place] = nil }
        case .seek, .registration, .replica, .job, .jobStop, .logLevel, .forgotten: break
        }
    }

    /// After the manifests were installed: subscriptions that are new here, or that their manifest's edit would have let go.
    func holdSubscriptions() {
        for name in Set(control.pauses.keys).union(control.suspensions.keys).sorted() {
            guard let id = core.subscription(named: name) else { continue }
            let suspension = control.suspension(of: name, manifest: core.subscription(id).manifestDigest)
            halt(id, isPaused: control.isPaused(name), suspension: core.suspension(of: id) ?? suspension?.change.reason)
        }
    }

    private func halt(_ id: SubscriptionID, isPaused: Bool, suspension: String?) {
        // The engine's `resume` ends both.
        if core.isPaused(id) && !isPaused || core.suspension(of: id) != nil && suspension == nil { step(.resume(id)) }
        if isPaused, !core.isPaused(id) { step(.pause(id)) }
        if let suspension, core.suspension(of: id) == nil { step(.suspend(id, reason: suspension)) }
    }

    // MARK: Seeks

    /// Sends cursors where the last seek wants them, unless an owner did that already. To be called whenever there are new
    /// seeks, partitions or subscriptions.
    func startSeeks() {
        for name in control.seeks.keys.sorted() {
            guard let seek = control.seeks[name], let id = core.subscription(named: name) else { continue }
            let topic = core.subscription(id).topic
            for (partition, offset) in control.outstandingOffsets(of: name, on: topic).sorted(by: { $0.key < $1.key }) {
                guard let handle = core.handle(of: TopicPartitionName(topic: topic, partition: partition)) else { continue }
                let place = SeekUnderWay.Place(subscription: name, partition: partition)
                if let known = seeks[place], known.seek == seek.id, known.subscription == id, known.handle == handle { continue }
                seeks[place] = SeekUnderWay(seek: seek.id, subscription: id, handle: handle, offset: offset)
                step(.seek(id, [handle], .offset(offset)))
            }
        }
    }

    /// What the engine tells, as far as others are to hear of it.
    func heed(_ report: Report) {
        switch report {
        case .suspended(let id, let reason): channel.suspended(core.subscription(id), reason: reason)
        case .cursorPlaced(let id?, let partition, let offset): cursorPlaced(id, partition, offset)
        default: break
        }
    }

    private func cursorPlaced(_ id: SubscriptionID, _ partition: TopicPartitionName, _ offset: Int64) {
        let place = SeekUnderWay.Place(subscription: core.subscription(id).name, partition: partition.partition)
        guard let seek = seeks[place], seek.subscription == id, seek.handle == core.handle(of: partition), seek.offset == offset else { return }
        seeks[place]!.phase = .placed
        // Said again by who repeats a move, because the one before died before it could note it.
        log.logger.notice(
            "a seek has moved its cursor: what stands from there on is delivered, again if it was before",
            metadata: ["subscription": "\(place.subscription)", "partition": "\(partition)", "offset": "\(offset)"])
    }

    func seeksAreCommitted(with cursors: [CursorCommit], of group: CursorGroup) {
        guard !seeks.isEmpty, case .subscription(let id) = group else { return }
        for cursor in cursors {
            let place = SeekUnderWay.Place(subscription: core.subscription(id).name, partition: cursor.partition.partition)
            if seeks[place]?.subscription == id, seeks[place]?.phase == .placed { seeks[place]!.phase = .committing }
        }
    }

    /// The owner that comes next need not move the cursor again.
    func seeksCommitEnded(of group: CursorGroup, succeeded: Bool) {
        guard !seeks.isEmpty, case .subscription(let id) = group else { return }
        for (place, seek) in seeks where seek.subscription == id && seek.phase == .committing {
            seeks[place]!.phase = succeeded ? .done : .placed
            if succeeded { channel.write(.soughtPartition(subscription: place.subscription, partition: place.partition, seek: seek.seek)) }
        }
    }
}

extension ControlRecord {
    fileprivate var isSeek: Bool { if case .seek = self { true } else { false } }
}
