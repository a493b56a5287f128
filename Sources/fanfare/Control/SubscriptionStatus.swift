import BridgeRuntime
import Control
import EventModel
import KafkaClient

/// A subscription as manifests, control topic and committed cursors show it: the whole bridge's, not one replica's.
struct SubscriptionStatus {
    enum State: String {
        case running, paused, suspended
        /// By its manifest.
        case disabled
        /// No manifest has it any more.
        case removed
    }

    struct Partition {
        var number: Int32
        /// The lowest unsettled offset; nil where nothing was committed yet.
        var cursor: Int64?
        var end: Int64
        /// Where a seek sends it, until its owner has moved it.
        var goesTo: Int64?

        var lag: Int64? { cursor.map { max(0, end - $0) } }
    }

    var name: String
    var policy: Subscription?
    /// The last word of an operator, also a resume.
    var pause: Pause?
    /// The one that holds.
    var suspension: Suspension?
    var seek: Seek?
    var partitions: [Partition] = []

    init(_ name: String, _ policy: Subscription?, _ state: ControlState) {
        self.name = name
        self.policy = policy
        pause = state.pauses[name]
        suspension = policy.flatMap { state.suspension(of: name, manifest: $0.manifestDigest) }
        seek = state.seeks[name]
    }

    var state: State {
        if pause?.isPaused == true { return .paused }
        guard let policy else { return .removed }
        if suspension != nil { return .suspended }
        return policy.enabled ? .running : .disabled
    }

    /// Who brought it into this state; nil where that is the manifest.
    var change: Attribution? {
        switch state {
        case .paused, .running: pause?.change
        case .suspended: suspension?.change
        case .disabled, .removed: nil
        }
    }

    /// In records; nil when no cursor is known.
    var lag: Int64? {
        let known = partitions.compactMap(\.lag)
        return known.isEmpty ? nil : known.reduce(0, +)
    }

    var outstanding: [Partition] { partitions.filter { $0.goesTo != nil } }
}

extension SubscriptionStatus {
    var json: String {
        JSONText.object([
            ("name", JSONText.quoted(name)), ("topic", JSONText.text(policy?.topic)), ("owner", JSONText.text(policy?.owner)),
            ("state", JSONText.quoted(state.rawValue)), ("lag", JSONText.number(lag)),
            ("pause", pause.map { JSONText.object([("paused", "\($0.isPaused)")] + Self.members($0.change)) } ?? "null"),
            ("suspension", suspension.map { JSONText.object(Self.members($0.change)) } ?? "null"),
            ("seek", seek.map { JSONText.object([("to", JSONText.quoted($0.to))] + Self.members($0.change)) } ?? "null"),
            ("partitions", JSONText.array(partitions.map(\.json))),
        ])
    }

    private static func members(_ change: Attribution) -> [(name: String, value: String)] {
        [
            ("by", JSONText.quoted(change.by)), ("at", JSONText.quoted(change.at.rfc3339)),
            ("reason", JSONText.quoted(change.reason)),
        ]
    }
}

extension SubscriptionStatus.Partition {
    var json: String {
        JSONText.object([
            ("partition", "\(number)"), ("cursor", JSONText.number(cursor)), ("end", "\(end)"), ("lag", JSONText.number(lag)),
            ("goesTo", JSONText.number(goesTo)),
        ])
    }
}

extension Attribution {
    /// `by alice@ops on 2026-05-01T08:00:00.000Z: maintenance`.
    var sentence: String { "by \(by) on \(at.rfc3339)\(reason.isEmpty ? "" : ": \(reason)")" }
}
