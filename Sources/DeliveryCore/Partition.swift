import EventModel

/// One topic as the engine sees it: its subscriptions by slot, its partitions by handle.
final class TopicState {
    let name: String
    /// A slot is never given to another subscription, because rings remember matches by slot.
    var slots: [SubscriptionState?] = []
    var partitions: [PartitionState] = []
    /// By partition, of those that were here once: what their old handles stand for.
    var gone: [Int32: PartitionState] = [:]
    /// Owned here or elsewhere; 0 when not known.
    var partitionCount = 0

    init(name: String) { self.name = name }
}

/// One assignment of one partition.
final class PartitionState {
    enum Phase {
        /// Waiting for its cursors to be loaded.
        case loading
        case reading
        /// Being given up: nothing new is taken, what is in flight finishes.
        case draining
        case gone
    }

    let handle: PartitionHandle
    let name: TopicPartitionName
    unowned(unsafe) let topic: TopicState
    /// The lane, on a partition of the retry topic.
    let lane: Int?
    var phase = Phase.loading
    /// By slot; nil for removed subscriptions. On the retry topic there is one cursor, for all.
    var cursors: [Cursor?] = []
    /// Some cursor counts events in windows.
    var hasWindows = false
    var cursorsToLoad = 0
    /// It did not wait for all of them: cursors that come late may be ahead of where the head of the log is read.
    var isImpatient = false
    /// `startReading` was asked for; not before there is a cursor to read for.
    var isStarted = false
    var ring = Ring(coverStart: 0)
    /// Where the head of the log will be read next; everything before it has been routed.
    var nextOffset: Int64 = 0
    /// End of the log as last heard, else -1.
    var end: Int64 = -1
    /// The latest timestamp of the records that were read there.
    var latest = WallTime(milliseconds: .min)
    /// Attached cursors that want more; the head is read while there is one.
    var hungryAttached = 0
    var hungryLagging = 0
    var lagging = 0
    /// In the line of partitions with lagging cursors that want more.
    var isInLine = false
    /// A chunk is being read.
    var isReadingChunk = false
    var chunksAsked: UInt = 0
    /// Whose turn is next among the lagging cursors.
    var nextLagging = 0
    /// Where the log ended at some time, on a partition of the retry topic: what lies beyond was written since.
    var laneMark: (end: Int64, at: Instant)? = nil
    /// Bytes of unsettled records, on a partition of the retry topic.
    var retryBytes = 0
    /// Items of this partition in requests or diversions under way.
    var busy = 0
    var drainDeadline = Instant.distantFuture

    init(handle: PartitionHandle, name: TopicPartitionName, topic: TopicState, lane: Int?) {
        self.handle = handle
        self.name = name
        self.topic = topic
        self.lane = lane
    }
}

/// The cursors that are committed together: one Kafka consumer group without members.
final class CommitGroup {
    let id: CursorGroup
    var dirty: ContiguousArray<Cursor> = []
    var inCommit: ContiguousArray<Cursor> = []
    var isUnderWay = false
    static let noLine = -1
    /// Where it waits in `CommitLine`, and who waits there before and after it.
    var line = noLine
    unowned(unsafe) var previous: CommitGroup? = nil
    var next: CommitGroup? = nil
    var isWaiting: Bool { line != Self.noLine }
    var timerIsSet = false
    var earliestNext = Instant(nanoseconds: 0)
    /// Settled since the last commit, over all cursors: what a crash now would repeat.
    var settled = 0
    /// Of a removed subscription: what it settled that is not in the commit under way, to be committed after that.
    var lastCommit: [(cursor: Cursor, offset: Int64, metadata: String)] = []
    /// Who comes back under its name has to wait.
    var isLeaving: Bool { isUnderWay || !lastCommit.isEmpty }
    /// The group of a removed subscription of the same name whose last commit was under way, and what is to be loaded
    /// when that has ended.
    var predecessor: CommitGroup? = nil
    var toLoad: [PartitionHandle] = []
    unowned var successor: CommitGroup? = nil

    init(id: CursorGroup) { self.id = id }
}
