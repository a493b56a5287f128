import BridgeRuntime
import Control
import EventLoop
import EventModel

extension Seek {
    /// Works out what a target means now.
    init(to target: SeekTarget, _ policy: Subscription?, named name: String, _ change: Attribution, _ desk: ControlDesk) throws {
        guard let policy else {
            throw Failed("which topic \(name) reads stands in its manifest, and there is none that can be used")
        }
        let partitions = try desk.partitions(of: policy.topic)
        do throws(SeekProblem) {
            try self.init(to: target, on: policy.topic, partitions, change, desk.admin)
        } catch {
            throw Failed("\(error)")
        }
    }
}

/// How far a seek has come: partition by partition, by their owners.
struct Move {
    private let seek: Seek
    private let outstanding: [Int32]

    /// Waits until every partition's cursor was moved, with a bound; not at all where no bridge runs.
    init(_ seek: Seek, of name: String, _ reception: Reception, within patience: TimeSpan, _ desk: ControlDesk) throws {
        self.seek = seek
        let total = seek.offsets.count
        // Somebody else's seek may have taken its place.
        func outstanding() -> [Int32] {
            desk.state.seeks[name]?.id == seek.id ? desk.state.outstandingOffsets(of: name, on: seek.topic).keys.sorted() : []
        }
        if !reception.taken.isEmpty {
            var progress = Progress("Moving \(name)", total: total)
            try desk.follow(until: EventLoop.now() + patience.nanoseconds) { _ in
                progress.update(total - outstanding().count)
                return outstanding().isEmpty
            }
            progress.clear()
        }
        self.outstanding = outstanding()
    }

    var sentence: String {
        let total = seek.offsets.count
        if outstanding.isEmpty { return "\(total) of \(total) partitions were moved" }
        return "\(total - outstanding.count) of \(total) partitions were moved, the others follow when somebody owns them"
    }

    var json: [(name: String, value: String)] {
        let offsets = seek.offsets.sorted { $0.key < $1.key }.map { (name: "\($0.key)", value: "\($0.value)") }
        let members = [
            (name: "to", value: JSONText.quoted(seek.to)), (name: "offsets", value: JSONText.object(offsets)),
            (name: "outstanding", value: JSONText.array(outstanding.map(String.init))),
        ]
        return [("seek", JSONText.object(members))]
    }
}
