public import EventModel

/// How far a subscription is from what Kafka's retention deletes.
public struct RetentionMargin: Sendable, Equatable {
    /// How long Kafka keeps a record there.
    public var retention: TimeSpan
    /// When Kafka may delete the oldest unsettled record; nil when nothing is unsettled.
    public var deletion: WallTime?

    public init(retention: TimeSpan, deletion: WallTime? = nil) {
        self.retention = retention
        self.deletion = deletion
    }

    /// Zero when the record may be gone already, the whole retention when nothing is unsettled.
    public func remaining(at now: WallTime) -> TimeSpan {
        guard let deletion else { return retention }
        return min(max(.zero, deletion - now), retention)
    }

    /// The part of the retention that is left, from 0 to 1.
    public func ratio(at now: WallTime) -> Double {
        retention > .zero ? remaining(at: now).seconds / retention.seconds : 0
    }
}
