public import EventModel

/// One assignment of one partition to this shard. A partition that comes back gets a new handle, so that an answer
/// to the old assignment cannot be taken for one to the new.
public struct PartitionHandle: Hashable, Sendable {
    public let index: Int
    public init(index: Int) { self.index = index }
}

/// A subscription in this engine; never used again for another one.
public struct SubscriptionID: Hashable, Sendable {
    public let index: Int
    public init(index: Int) { self.index = index }
}

/// Whose cursors a group of offsets holds: a subscription's, or those on the retry topic's own partitions.
public enum CursorGroup: Hashable, Sendable {
    case subscription(SubscriptionID)
    case retryTopic
}

/// A record as its owner knows it. The engine carries it about and says when it is no longer needed.
public struct RecordToken: Hashable, Sendable {
    public let bits: UInt
    public init(bits: UInt) { self.bits = bits }
}

public struct TopicPartitionName: Hashable, Sendable {
    public var topic: String
    public var partition: Int32
    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }
}

/// What Kafka holds for one cursor.
public enum StoredCursor: Sendable {
    case none
    case committed(offset: Int64, metadata: String)
}

/// Where a cursor is to go.
public enum CursorTarget: Sendable, Equatable {
    /// Where Kafka says it is.
    case committed
    case start(StartPosition)
    case offset(Int64)
}

/// Everything that can happen to the engine.
public enum Input {
    /// The manifests: at the start and at each reload. What is no longer listed is removed.
    case subscriptions([Subscription])
    /// The group gave these partitions to this shard. Answered by `loadCursors`, then `startReading`.
    case assigned([TopicPartitionName])
    case cursorLoaded(CursorGroup, PartitionHandle, StoredCursor)
    /// The offset that a subscription's `start` means on this partition.
    case startResolved(CursorGroup, PartitionHandle, offset: Int64)
    /// Records in offset order, for the readers at the head of the log or for those that lag.
    case records(RecordBatch)
    /// The log begins after the offset that was asked for: Kafka deleted records that were not settled.
    case outOfRange(PartitionHandle, logStart: Int64, chunk: Bool)
    /// Where the log ended when that was asked; for the lag of those who do not read, and for windows that wait for events
    /// that may not come any more.
    case endKnown(PartitionHandle, offset: Int64, asked: Moment)
    case attemptEnded(DeliveryID, AttemptOutcome, duration: TimeSpan)
    /// The broker acknowledged the retry or dead-letter record.
    case diverted(DiversionID)
    case diversionFailed(DiversionID, DiversionFailure)
    case commitEnded(CursorGroup, succeeded: Bool, duration: TimeSpan)
    /// The partitions go to another replica: finish what is in flight, commit, answer with `released`.
    case revoking([PartitionHandle])
    /// The partitions are somebody else's already: nothing of theirs may be committed any more.
    case lost([PartitionHandle])
    /// An operator's word. `resume` ends a suspension too, and reads the committed cursors anew.
    case pause(SubscriptionID)
    case resume(SubscriptionID)
    /// The endpoint said stop elsewhere: to another shard, or before a restart.
    case suspend(SubscriptionID, reason: String)
    /// Goes on elsewhere, once what is in flight has ended; `Report.cursorPlaced` tells when.
    case seek(SubscriptionID, [PartitionHandle], CursorTarget)
    /// What the endpoint allows to be sent to it, over all replicas together; nil: anything.
    case allowedRate(SubscriptionID, RateLimit?)
    /// A topic has so many partitions, owned here or elsewhere: limits over all replicas are shared out by them.
    case partitionCount(topic: String, Int)
    /// The process stood still: the group may have gone on without it. Nothing goes out until `membershipSettled`;
    /// `lost` comes before that if it has.
    case membershipDoubted
    case membershipSettled
    /// A timer may have come due.
    case tick
}

public enum DiversionFailure: Sendable, Equatable {
    /// The record does not fit into the topic.
    case tooLarge
    /// Anything else; produced again after a pause, for as long as it takes.
    case refused(String)
}

/// Records of one partition as they were read: reused by its owner from read to read.
public final class RecordBatch {
    public var partition = PartitionHandle(index: -1)
    /// True for a read that `readChunk` asked for.
    public var isChunk = false
    public var records = ContiguousArray<IncomingRecord>()
    /// The topic slots that each record matches, back to back; `IncomingRecord.matches` says how many are its.
    public var matches: [Int32] = []
    /// Records of the retry topic only: one entry per record.
    public var retries = ContiguousArray<IncomingRetry>()
    /// Chunks only: the offset that was asked for.
    public var firstOffset: Int64 = 0
    /// Everything before this offset has been read, gaps included.
    public var nextOffset: Int64 = 0
    /// End of the log as far as known, else -1.
    public var end: Int64 = -1

    public init() {}

    public func removeAll() {
        records.removeAll(keepingCapacity: true)
        matches.removeAll(keepingCapacity: true)
        retries.removeAll(keepingCapacity: true)
        nextOffset = 0
        end = -1
    }
}

public struct IncomingRecord: Sendable {
    public var offset: Int64
    public var token: RecordToken
    public var timestamp: WallTime
    public var bytes: Int
    /// How many entries of `RecordBatch.matches` are this record's.
    public var matches: Int
    /// The record goes to the dead-letter topic: for the subscriptions that it matches; or, as it is not a valid event and
    /// matches none, for every subscription.
    public var poison: Bool
    /// A hash of the record's key, for subscriptions that keep its order; 0 for none. Keys that share one wait for each
    /// other without need.
    public var key: UInt64

    public init(offset: Int64, token: RecordToken, timestamp: WallTime, bytes: Int, matches: Int, poison: Bool, key: UInt64 = 0) {
        self.key = key
        self.offset = offset
        self.token = token
        self.timestamp = timestamp
        self.bytes = bytes
        self.matches = matches
        self.poison = poison
    }
}

/// The bookkeeping of a record of the retry topic, read from its headers.
public struct IncomingRetry: Sendable {
    /// Nil: a subscription that does not exist (any more).
    public var subscription: SubscriptionID?
    public var due: WallTime
    /// Attempts made so far.
    public var attempts: Int
    /// Steps of the schedule spent so far.
    public var retries: Int
    public var firstAttempt: WallTime
    /// Timestamp of the source record, or when an operator asked for the event again: `giveUpAfter` counts from then.
    public var created: WallTime
    /// An operator asked for it although it was settled.
    public var isReplay: Bool

    /// Far more than there are, and far from an overflow.
    private static let most = 1 << 30

    public init(
        subscription: SubscriptionID?, due: WallTime, attempts: Int, retries: Int, firstAttempt: WallTime, created: WallTime,
        isReplay: Bool = false
    ) {
        self.isReplay = isReplay
        self.subscription = subscription
        self.due = due
        // Whoever may write to the retry topic may write any number: these are counted on from, and count steps of the schedule.
        self.attempts = min(max(0, attempts), Self.most)
        self.retries = min(max(0, retries), Self.most)
        self.firstAttempt = firstAttempt
        self.created = created
    }
}
