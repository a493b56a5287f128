/// `window` of a subscription: the events of a group and a stretch of time are delivered as one event.
public struct WindowPolicy: Sendable, Equatable {
    public var shape: WindowShape
    public var time: WindowTime = .event
    public var scope: WindowScope = .partition
    /// How long after a window's end events that belong to it still count: the watermark has to be that far beyond it.
    public var grace: TimeSpan = .zero
    /// After so long without an event, at the end of its log, a partition's watermark follows the clock at this distance.
    public var idle: TimeSpan = .seconds(30)
    public var late: LatePolicy = .deadLetter
    /// What the events of one window have in common; none: all events of a partition.
    public var groupBy: [GroupKey] = [.key]
    /// Windows that may be open at once, over all partitions of a shard.
    public var maxGroups: Int = 100_000
    /// In the manifest's order.
    public var aggregates: [Aggregate] = []
    /// CloudEvents type of the window's event; nil: `<topic>.window`.
    public var eventType: String? = nil

    public init(shape: WindowShape) { self.shape = shape }

    /// How long a window can be.
    public var longest: TimeSpan {
        switch shape {
        case .tumbling(let size), .hopping(let size, _): size
        case .session(_, let max): max
        }
    }
}

/// How time is cut up. Boundaries are multiples of sizes since 1970-01-01T00:00:00Z.
public enum WindowShape: Sendable, Equatable {
    /// One after the other.
    case tumbling(size: TimeSpan)
    /// One begins every `hop`, so that an event is in `size / hop` of them. `hop` is not longer than `size`.
    case hopping(size: TimeSpan, hop: TimeSpan)
    /// From a group's first event until none has come for `gap`. None crosses a multiple of `max`, so that the log from
    /// which an open one would have to be computed again is bounded; that place is a function of time alone, because what
    /// came before it is not remembered.
    case session(gap: TimeSpan, max: TimeSpan)
}

/// Which time decides on the window of an event.
public enum WindowTime: String, CaseIterable, Sendable {
    /// The event's own `time`; of a record that is not a CloudEvent its timestamp, unless `event.time` says otherwise.
    case event
    /// When the record came into Kafka, which is its timestamp (with `message.timestamp.type=LogAppendTime` the broker's).
    case arrival
}

/// Whose events a group is made of.
public enum WindowScope: String, CaseIterable, Sendable {
    /// Those of each partition by itself.
    case partition
    /// Those of all partitions: by way of a topic of our own, in which all events of a group are on one partition.
    case topic
}

/// What becomes of an event whose windows are all complete already.
public enum LatePolicy: String, CaseIterable, Sendable {
    case deadLetter
    /// Dropped and counted.
    case drop
    /// Delivered by itself, as it is.
    case deliver
}

/// One part of `window.groupBy`.
public enum GroupKey: Sendable, Hashable {
    /// The record's key.
    case key
    /// A CloudEvents context attribute.
    case attribute(String)
    /// A JSON pointer into the event as structured JSON: attributes at the top, the payload under `/data`.
    case pointer(String)

    /// As the manifest says it, and as the group is labelled in the window's event.
    public var name: String {
        switch self {
        case .key: "key"
        case .attribute(let name), .pointer(let name): name
        }
    }
}

/// One entry of `window.aggregates`.
public struct Aggregate: Sendable, Equatable {
    public var name: String
    public var function: Function

    /// Pointers as in `GroupKey.pointer`. Events without a value there, or with `null`, are passed over.
    public enum Function: Sendable, Equatable {
        /// Of events.
        case count
        /// Exact, in decimal.
        case sum(String)
        case min(String)
        case max(String)
        case avg(String)
        /// By the window's time, then by offset.
        case first(String)
        case last(String)
        /// The number of different values, counted up to a limit.
        case distinct(String, limit: Int)
        /// The values in the order of the log, the first `limit` of them.
        case list(String, limit: Int)
    }

    public init(name: String, function: Function) {
        self.name = name
        self.function = function
    }
}
