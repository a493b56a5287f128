public import EventModel

public struct DeliveryID: Hashable, Sendable {
    public let index: Int
    public init(index: Int) { self.index = index }
}

public struct DiversionID: Hashable, Sendable {
    public let index: Int
    public init(index: Int) { self.index = index }
}

/// What the engine wants done. Effects of one step are performed in order; none is answered within the step.
public enum Effect {
    /// Fetch the committed cursors of a group on these partitions; retried by the performer until it succeeds.
    case loadCursors(CursorGroup, [PartitionHandle])
    /// Find the offset for a subscription that has no cursor yet.
    case resolveStart(CursorGroup, PartitionHandle, StartPosition)
    /// Read the partition from here on, as long as `DeliveryCore.wantsRecords` says so.
    case startReading(PartitionHandle, offset: Int64)
    /// Read once, up to `chunkBytes`, for cursors that lag; stop at `until`.
    case readChunk(PartitionHandle, from: Int64, until: Int64)
    /// Send the request that `DeliveryCore.delivery` describes.
    case attempt(DeliveryID)
    /// Give the request up; it still ends with `attemptEnded`.
    case cancel(DeliveryID)
    /// Produce the record that `DeliveryCore.diversion` describes.
    case divert(DiversionID)
    /// Commit these cursors. At most one commit of a group is under way.
    case commit(CursorGroup, [CursorCommit])
    /// Nobody needs the record any more.
    case release(RecordToken)
    /// The partition is drained and its cursors are committed (or its time is up): it may go.
    case released(PartitionHandle)
    case report(Report)
}

public struct CursorCommit: Sendable, Equatable {
    public var partition: TopicPartitionName
    /// The lowest unsettled offset.
    public var offset: Int64
    /// The offsets settled beyond it; see `CursorMetadata`.
    public var metadata: String
}

/// What people should hear of. The record of an `ItemView` is there until the effects behind the report are performed.
public enum Report: Sendable {
    case circuitOpened(SubscriptionID, reason: String)
    case circuitClosed(SubscriptionID)
    case suspended(SubscriptionID, reason: String)
    case deadLettered(SubscriptionID?, FailureKind, ItemView, reason: String)
    case dropped(SubscriptionID, FailureKind, ItemView, reason: String)
    /// `deduplicate`: the same event came before.
    case repeatDropped(SubscriptionID, TopicPartitionName, offset: Int64)
    /// `onExhausted: hold`: an ordered event would be given up, and is kept; those behind it wait.
    case keyHeld(SubscriptionID, TopicPartitionName, offset: Int64, reason: String)
    case diversionFailed(SubscriptionID?, ItemView, reason: String)
    /// Kafka deleted `count` records before they were settled.
    case recordsLost(SubscriptionID?, TopicPartitionName, count: Int64)
    case drainTimedOut(TopicPartitionName, inFlight: Int)
    /// The settled offsets do not fit the commit's metadata: the cursor waits for its oldest event.
    case cursorFull(SubscriptionID?, TopicPartitionName)
    case badMetadata(SubscriptionID?, TopicPartitionName)
    /// What it has in memory is left to Kafka, and read again when it can send: its endpoint fails, or it is halted.
    case setAside(SubscriptionID, [PartitionHandle])
    /// The cursor starts here: by the subscription's `start`, or because an operator moved it.
    case cursorPlaced(SubscriptionID?, TopicPartitionName, offset: Int64)
}
