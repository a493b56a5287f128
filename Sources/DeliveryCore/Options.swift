public import EventModel

/// Everything the engine of one shard is told once, at its creation.
public struct CoreOptions: Sendable {
    /// Least time between two commits of one subscription.
    public var commitInterval: TimeSpan = .milliseconds(100)
    /// How often cursors that only passed over events that did not match are committed.
    public var coldCommitInterval: TimeSpan = .seconds(5)
    /// Groups without members expire; an idle cursor is committed again at least this often.
    public var idleCommitInterval: TimeSpan = .hours(12)
    /// Commit requests per second, over all subscriptions of the shard.
    public var commitsPerSecond: Double = 200
    /// Bytes of recent records kept per partition.
    public var ringBytes = 4 << 20
    /// Bytes of records held in all, wherever they wait.
    public var recordMemory = 256 << 20
    /// Requests in flight at once in the shard.
    public var maxInFlight = 4096
    /// This shard's share of a subscription's `maxInFlight`: one in so many.
    public var shards = 1
    /// Most bytes of one read for cursors that lag.
    public var chunkBytes = 1 << 20
    /// Events that may wait in memory for one cursor beyond those in flight.
    public var lookahead = 256
    /// Nominal delays of the retry topic's lanes, ascending.
    public var lanes: [TimeSpan] = [.seconds(1), .seconds(5), .seconds(30), .minutes(2), .minutes(10), .hours(1), .hours(6)]
    public var partitionsPerLane = 1
    /// Name of the retry topic.
    public var retryTopic = "fanfare.retry"
    /// Delays up to this long are waited out in memory instead of in the retry topic.
    public var longestDelayInMemory: TimeSpan = .seconds(2)
    /// Retry records that may wait in memory per partition of the retry topic: as many as the metadata of its cursor can tell apart.
    public var retriesInMemory = 500
    /// How long in-flight deliveries may take to finish when a partition is given up.
    public var drainLimit: TimeSpan = .seconds(25)
    /// `Retry-After` counts up to this.
    public var longestRetryAfter: TimeSpan = .hours(1)
    /// First and longest pause between two probes of an endpoint whose circuit is open: it costs one request so often, and an
    /// endpoint that is well again does not wait longer for its events.
    public var firstProbe: TimeSpan = .seconds(1)
    public var longestProbe: TimeSpan = .seconds(10)
    /// Records that are no events on their way to the dead-letter topic at once, for each subscription.
    public var poisonUnderWay = 16
    /// Pause before a record that the broker refused is produced again.
    public var divertBackoff: TimeSpan = .seconds(1)
    /// The broker's `offset.metadata.max.bytes`.
    public var metadataLimit = 4096
    /// Places of a repartition topic's partition for which it is kept in mind how far its sources were there.
    public var sourcePlaces = 128
    /// How long a partition's cursors wait for each other, to be read for together, before those that are loaded begin.
    public var loadPatience: TimeSpan = .seconds(2)
    /// Seeds the generator behind jitter.
    public var seed: UInt64 = 0

    public init() {}
}
