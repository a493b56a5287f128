public import EventModel

/// One window of one group on one partition, while the engine knows it; its index is used again afterwards.
public struct WindowID: Hashable, Sendable {
    public let index: Int
    public init(index: Int) { self.index = index }
}

/// What a record says to the windows of a subscription.
public enum WindowedEvent: Equatable, Sendable {
    /// It happened then, and is one of this group's: the same number for the same group of a subscription and partition, for
    /// as long as a window of it is open.
    case event(WallTime, group: Int)
    /// It cannot be counted; one line that says why.
    case poison(String)
}

/// Where and when a complete window was.
public struct WindowBounds: Sendable, Equatable {
    public var start: WallTime
    /// The first moment that is no more in it.
    public var end: WallTime
    /// Of its first and its last event in the log.
    public var offsets: ClosedRange<Int64>

    public init(start: WallTime, end: WallTime, offsets: ClosedRange<Int64>) {
        self.start = start
        self.end = end
        self.offsets = offsets
    }
}

/// What windows hold. The engine decides which event counts in which window and when a window is complete; the bytes that
/// this takes to say are its owner's, as with records. Asked within a step, it answers from the record and from what it was
/// told before, nothing else: the same log makes the same windows.
public protocol WindowContents: AnyObject {
    /// Looks at a record; `add` is about the one looked at last.
    func look(at record: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> WindowedEvent
    /// Where a record of a repartition topic comes from; nil when it does not say. Asked of those only.
    func source(of record: RecordToken) -> SourcePlace?
    /// A window of the group that the record looked at last belongs to; it holds nothing yet.
    func open(_ window: WindowID)
    /// The event looked at last counts in this window.
    func add(to window: WindowID)
    /// Two are one from now on.
    func merge(_ window: WindowID, into other: WindowID)
    /// Makes a complete window an event, as a record of its own: released like any other. The offset is the first one's.
    func event(of window: WindowID, _ bounds: WindowBounds, at now: WallTime) -> IncomingRecord
    /// The window is not wanted any more.
    func discard(_ window: WindowID)
    /// Roughly, of all windows of a subscription that are not discarded.
    func bytes(of subscription: SubscriptionID) -> Int
}
