public import EventModel

/// One event on its way to one subscription.
struct Item {
    /// The cursor that its settlement moves: the subscription's own, or the retry partition's.
    unowned(unsafe) let cursor: Cursor
    var offset: Int64
    var record: RecordIndex
    /// Which others of the batch that it failed in may come again with it; 0 for one that goes alone, once it has failed.
    var company: UInt32 = 0
    /// Attempts made so far, all of them.
    var attempts = 0
    /// Steps of the retry schedule spent so far; attempts made as probes of an outage spend none.
    var retries = 0
    /// Of the attempt made first, once there is one.
    var firstAttempt = WallTime(milliseconds: 0)
    /// Timestamp of the source record, or when an operator asked for the event again.
    var created: WallTime
    /// An operator asked for it although it was settled. Requests say so, and carry only such events or none.
    var isReplay = false
    /// Its endpoint accepted others of its batch, and does not want this one again.
    var isRefused = false
    /// Others wait for it, in the order of its cursor.
    var key: UInt64? = nil
    /// Of a cursor with windows: what is settled with it; see `WindowTable`.
    var place: Int64? = nil
    /// A window's event: its record is none of its topic's.
    var isWindow = false
    /// It came from the retry topic, where it can go back to without making that grow.
    var isRetryRecord: Bool { cursor.subscription == nil }
}

/// One request: one event, or a batch of them. Pooled: a delivery's index is reused when its attempt has ended.
public final class Delivery {
    public let id: DeliveryID
    public internal(set) var subscription = SubscriptionID(index: -1)
    var items = ContiguousArray<Item>()
    var owner: SubscriptionState?
    var isCancelled = false
    var sentAt = Instant(nanoseconds: 0)
    /// Of its records, while it is under way.
    var bytes = 0

    init(id: DeliveryID) { self.id = id }

    public var count: Int { items.count }

    /// The number that goes into `fanfare-attempt`: of the event, or the highest of a batch.
    public var attempt: Int {
        var attempt = 0
        for item in items where item.attempts > attempt { attempt = item.attempts }
        return attempt + 1
    }
}

/// One event of a delivery or diversion, as its performer needs it.
public struct ItemView: Sendable {
    public var token: RecordToken
    public var partition: PartitionHandle
    public var offset: Int64
    /// The record lies in the retry topic; its headers say where it came from.
    public var isRetryRecord: Bool
    public var created: WallTime
    /// Made so far.
    public var attempts: Int
    /// When the record was read.
    public var arrived: Instant
}

/// One record for the retry or the dead-letter topic.
public struct DiversionView {
    public enum Target: Equatable, Sendable {
        /// This partition of the retry topic, not before `due`.
        case retry(partition: Int32, due: WallTime)
        case deadLetter
    }

    public var target: Target
    /// Nil: a retry record whose subscription does not exist; its headers name it.
    public var subscription: SubscriptionID?
    public var item: ItemView
    /// Attempts made.
    public var attempts: Int
    /// Steps of the schedule spent.
    public var retries: Int
    public var firstAttempt: WallTime?
    public var lastAttempt: WallTime?
    public var kind: FailureKind?
    public var status: Int
    public var message: String
    /// The value did not fit into the topic: leave it out and say that it stands at its source.
    public var byReference: Bool
}

/// A diversion under way. Pooled like deliveries.
final class Diversion {
    let id: DiversionID
    var item: Item?
    var owner: SubscriptionState?
    var target = DiversionView.Target.deadLetter
    var kind: FailureKind?
    var status = 0
    var message = ""
    var lastAttempt: WallTime?
    var byReference = false
    var failures = 0
    /// It was refused, and is produced again then.
    var pausesUntil: Instant? = nil

    init(id: DiversionID) { self.id = id }
}

/// Why an event is handed on, for its headers.
struct FailureDetails {
    var kind: FailureKind?
    var status = 0
    var message = ""
    var attempted: WallTime?
}
