public import EventModel

/// Who changed something, when and why.
public struct Attribution: Sendable, Equatable {
    public var by: String
    public var at: WallTime
    /// One line; empty when nobody gave one.
    public var reason: String

    public init(by: String, at: WallTime, reason: String = "") {
        self.by = by
        self.at = at
        self.reason = reason
    }
}

/// An operator's word that a subscription is to stand still, or to go on.
public struct Pause: Sendable, Equatable {
    public var isPaused: Bool
    public var change: Attribution

    public init(isPaused: Bool, change: Attribution) {
        self.isPaused = isPaused
        self.change = change
    }
}

/// The endpoint said stop; or somebody lifted that.
public struct Suspension: Sendable, Equatable {
    public var isSuspended: Bool
    /// Digest of the manifest's subscription that was suspended: the suspension does not hold for any other. Empty when it
    /// was lifted.
    public var manifest: String
    public var change: Attribution

    public init(isSuspended: Bool, manifest: String, change: Attribution) {
        self.isSuspended = isSuspended
        self.manifest = manifest
        self.change = change
    }
}

/// Where a subscription is to go on. Whoever owns a partition moves the cursor there, once.
public struct Seek: Sendable, Equatable {
    /// Tells this seek from others of the subscription.
    public var id: String
    /// Where the offsets are meant: a subscription may read another topic later.
    public var topic: String
    /// What was asked for, in words: `earliest`, a time, ...
    public var to: String
    /// What that meant when it was asked for. Partitions that are not listed stay where they are.
    public var offsets: [Int32: Int64]
    public var change: Attribution

    public init(id: String, topic: String, to: String, offsets: [Int32: Int64], change: Attribution) {
        self.id = id
        self.topic = topic
        self.to = to
        self.offsets = offsets
        self.change = change
    }
}

/// A subscription that came through the API, or that it is no more.
public struct Registration: Sendable, Equatable {
    /// JSON: what a manifest says of a subscription, and `topic`. Nil once it was deleted: a subscription of that name is
    /// another one, whatever cursors Kafka still has.
    public var definition: String?
    public var change: Attribution

    public init(definition: String?, change: Attribution) {
        self.definition = definition
        self.change = change
    }
}

/// A running process, and how much of the control topic it follows already.
public struct Replica: Sendable, Equatable {
    public var host: String
    public var startedAt: WallTime
    /// Everything before this offset of the control topic holds there.
    public var position: Int64

    public init(host: String, startedAt: WallTime, position: Int64) {
        self.host = host
        self.startedAt = startedAt
        self.position = position
    }
}

/// A record of the control topic.
public enum ControlRecord: Sendable, Equatable {
    case pause(subscription: String, Pause)
    case suspension(subscription: String, Suspension)
    case seek(subscription: String, Seek)
    /// The partition's owner has moved the cursor, and the new place is committed.
    case soughtPartition(subscription: String, partition: Int32, seek: String)
    case registration(subscription: String, Registration)
    case replica(name: String, Replica)
    case logLevel(LogLevelChange)
    case job(JobOrder.ID, JobOrder)
    case jobStop(JobOrder.ID, JobStop)
    /// A tombstone: as if nothing had ever been said.
    case forgotten(ControlKey)

    public var key: ControlKey {
        switch self {
        case .pause(let name, _): .pause(name)
        case .suspension(let name, _): .suspension(name)
        case .seek(let name, _): .seek(name)
        case .soughtPartition(let name, let partition, _): .soughtPartition(name, partition)
        case .registration(let name, _): .registration(name)
        case .replica(let name, _): .replica(name)
        case .logLevel: .logLevel
        case .job(let id, _): .job(id)
        case .jobStop(let id, _): .jobStop(id)
        case .forgotten(let key): key
        }
    }
}
