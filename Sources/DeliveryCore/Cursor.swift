import DequeModule
import EventModel

/// One subscription's place in one partition.
///
/// Every offset below `position` has been considered: it matched not at all, or waits in `pending`, or was taken and is
/// either unsettled (in `unsettled`) or settled. The base, which is what gets committed, is the lowest offset that is
/// not settled; it never passes one. Only offsets that were *received* count, so the gaps that transactions and
/// compaction leave need no special care.
final class Cursor {
    struct Pending {
        var offset: Int64
        var record: RecordIndex
    }

    /// An offset that was taken and is not settled, with what is known to be settled between it and the next one.
    struct Unsettled {
        var offset: Int64
        /// The highest settled offset before the next unsettled one; -1 when nothing there was settled by us.
        var lastSettledAfter: Int64 = -1
    }

    unowned(unsafe) let partition: PartitionState
    /// Nil on the retry topic's partitions, whose records are addressed to many subscriptions.
    unowned(unsafe) let subscription: SubscriptionState?
    unowned(unsafe) let group: CommitGroup
    /// Index among the topic's subscriptions.
    let slot: Int32

    /// Where it is to go when nothing of it is under way any more; until then it takes nothing.
    var target: CursorTarget? = nil
    /// To be replaced where it is and committed again, before its group expires.
    var isToBeRefreshed = false
    /// Loaded for nothing else than that.
    var isRefresh = false
    /// Items of it in requests or diversions under way.
    var busy = 0

    var isMoving: Bool { target != nil }

    /// Known: the committed cursor was loaded. Before that nothing is read for it.
    var isLoaded = false
    /// Gone with its partition or its subscription: nothing may be settled or committed through it any more.
    var isGone = false
    /// Takes from the partition's ring; otherwise it lags and is served by reading back.
    var isAttached = false
    /// While it lags: the next offset to consider. While attached, the partition's `nextOffset` is.
    private var ownPosition: Int64 = 0
    /// Records before this were routed before the subscription was known, so the ring says nothing about them.
    var routedFrom: Int64 = 0

    /// What waits to be taken. With a memory some of it may be settled, to be remembered in its turn; never the first.
    var pending = Deque<Pending>()
    var pendingBytes = 0
    /// In the subscription's queue of cursors with something pending.
    var isQueued = false
    /// Counted as wanting more records.
    var isHungry = false
    /// Ascending, few: bounded by what may be in flight or held.
    private(set) var unsettled = ContiguousArray<Unsettled>()
    /// Settled offsets beyond `position`, from the metadata of the cursor that was loaded; ascending.
    private var settledAhead = Deque<Range<Int64>>()

    /// Whether taking one more might end in more settled runs beyond the base than the metadata can say. Six bytes for
    /// one run are enough unless its lengths exceed two million.
    func isCrowded(metadataLimit: Int) -> Bool {
        // A number more in it.
        let metadataLimit = memory == nil ? metadataLimit : metadataLimit - 14
        if let windows { return windows.isCrowded(metadataLimit: metadataLimit) }
        return !unsettled.isEmpty && (unsettled.count + settledAhead.count + 1) * 6 > (metadataLimit - 2) / 4 * 3
    }

    // What Kafka holds and what it should hold.
    var committedOffset: Int64 = -1
    var committedMetadata = ""
    var committedAt: Instant = Instant(nanoseconds: 0)
    var settledSinceCommit = 0
    var isDirty = false
    /// In the commit that is under way, with these values.
    var sentOffset: Int64 = -1
    var sentMetadata = ""
    var isInCommit = false
    /// In the one that follows it, as its subscription was removed.
    var isInLastCommit = false
    /// The settled offsets did not fit the metadata: nothing more is taken until they do.
    var isFull = false
    /// It waits for something under way to be settled, as it is full. With windows there may be nothing: then it goes on, for
    /// it is by later windows that settled ones are forgotten.
    var isStuck: Bool { isFull && windows?.underWay != 0 }

    /// Nil where nothing waits for anything.
    private(set) var order: KeyOrder?
    /// Nil where events are delivered one by one. What is settled is known there, if not.
    private(set) var windows: WindowTable?
    /// Nil where an event that comes again is delivered again.
    var memory: RepeatMemory?

    init(partition: PartitionState, subscription: SubscriptionState?, group: CommitGroup, slot: Int32, windowIDs: WindowIDs, sourcePlaces: Int) {
        self.partition = partition
        self.subscription = subscription
        self.group = group
        self.slot = slot
        setUp(windowIDs: windowIDs, sourcePlaces: sourcePlaces)
    }

    /// What its subscription's policy asks it to keep; empty.
    func setUp(windowIDs: WindowIDs, sourcePlaces: Int) {
        order = subscription.flatMap { KeyOrder($0.policy.delivery.ordering) }
        windows = subscription?.policy.window.map { WindowTable($0, ids: windowIDs, sourcePlaces: sourcePlaces) }
        memory = subscription?.policy.deduplicate.map { RepeatMemory($0) }
        if windows != nil { partition.hasWindows = true }
    }

    /// It is gone, and is kept only for what refers to it. What it knew of the log may be megabytes, and nobody asks for it any more.
    func forgetLog() {
        unsettled = []
        settledAhead = []
        windows = nil
        memory = nil
    }

    /// The next offset to consider.
    var position: Int64 {
        get { isAttached ? partition.nextOffset : ownPosition }
        set {
            precondition(!isAttached, "the position of an attached cursor is its partition's")
            ownPosition = newValue
        }
    }

    /// The lowest unsettled offset.
    var base: Int64 {
        if let first = windows?.base ?? unsettled.first?.offset ?? pending.first?.offset { return first }
        var base = position
        for range in settledAhead where range.contains(base) { base = range.upperBound }
        return base
    }

    /// Takes over what Kafka held.
    ///
    /// - Parameter start: from where the log is read again to remember what was in it.
    func restore(offset: Int64, settled: ContiguousArray<Range<Int64>>, rememberedFrom start: Int64) {
        isLoaded = true
        ownPosition = offset
        settledAhead = Deque(settled)
        guard memory != nil else { return }
        memory!.begin(at: start, base: offset)
        if start < offset { startEarlier(at: start) }
    }

    /// Starts at an earlier offset, with everything in between known to be settled: the reader begins there.
    func startEarlier(at offset: Int64) {
        settledAhead.prepend(offset..<ownPosition)
        ownPosition = offset
    }

    /// Whether an offset at or beyond `position` was settled before the restart.
    func wasSettled(_ offset: Int64) -> Bool {
        for range in settledAhead {
            if offset < range.lowerBound { return false }
            if offset < range.upperBound { return true }
        }
        return false
    }

    /// Marks an offset, higher than any before, as taken and unsettled.
    func take(_ offset: Int64) {
        precondition(unsettled.last.map { $0.offset < offset } ?? true, "offsets are taken in order")
        absorbSettledAhead(below: offset)
        unsettled.append(Unsettled(offset: offset))
    }

    /// Settles a window, or an event that stands beside windows.
    func settle(place: Int64) {
        windows!.settle(place)
        settledSinceCommit += 1
    }

    /// Something was taken that is not settled.
    var holdsEvents: Bool { windows.map { !$0.isEmpty || $0.unsettledCount > 0 } ?? !unsettled.isEmpty }

    /// Something for the endpoint waits.
    var hasNext: Bool { windows.map { !$0.complete.isEmpty } ?? !pending.isEmpty }

    /// Settles an offset that was taken.
    func settle(_ offset: Int64) {
        let i = indexOfUnsettled(offset)
        if i > 0 {
            let last = max(offset, unsettled[i].lastSettledAfter)
            if unsettled[i - 1].lastSettledAfter < last { unsettled[i - 1].lastSettledAfter = last }
        }
        unsettled.remove(at: i)
        settledSinceCommit += 1
    }

    /// The text for the commit's metadata, and whether it says everything.
    func encodeSettled(limit: Int) -> (text: String, complete: Bool) {
        let base = self.base
        let start = memory?.start(forBase: base) ?? base
        if let windows { return windows.encode(base: base, rememberedFrom: start, limit: limit) }
        absorbSettledAhead(below: pending.first?.offset ?? position)
        var runs = ContiguousArray<Range<Int64>>()
        for entry in unsettled where entry.lastSettledAfter >= 0 {
            runs.append(entry.offset + 1..<entry.lastSettledAfter + 1)
        }
        for range in settledAhead where range.upperBound > base {
            let start = max(range.lowerBound, base + 1)
            if start < range.upperBound { runs.append(start..<range.upperBound) }
        }
        return CursorMetadata.encode(base: base, settled: runs, rememberedFrom: start, limit: limit)
    }

    /// What was settled before the restart and now lies behind us belongs to the gap after the last unsettled offset.
    private func absorbSettledAhead(below offset: Int64) {
        while let range = settledAhead.first, range.upperBound <= offset {
            if let i = unsettled.indices.last { unsettled[i].lastSettledAfter = max(unsettled[i].lastSettledAfter, range.upperBound - 1) }
            settledAhead.removeFirst()
        }
    }

    private func indexOfUnsettled(_ offset: Int64) -> Int {
        let i = unsettled.firstIndex(after: { $0.offset < offset })
        precondition(i < unsettled.count && unsettled[i].offset == offset, "an offset is settled once, after it was taken")
        return i
    }
}
