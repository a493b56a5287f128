import DequeModule
import EventModel

/// One subscription on this shard: what it waits for and what it may do.
final class SubscriptionState {
    let id: SubscriptionID
    var policy: Subscription {
        didSet {
            hasWindow = policy.window != nil
            limitRate()
        }
    }
    /// Beside the policy because asking that copies all of it.
    private(set) var hasWindow: Bool
    unowned(unsafe) let topic: TopicState
    let slot: Int32
    let group: CommitGroup
    var isRemoved = false
    /// The endpoint said stop (410, or `webhook-delivery: disable`).
    var suspension: String? = nil
    /// An operator said so.
    var isPaused = false

    var cursors: ContiguousArray<Cursor> = []
    /// Cursors with something pending, each in turn.
    var queue = Deque<Cursor>()
    var pendingCount = 0
    var pendingBytes = 0
    /// With `window`: over all cursors.
    var openWindows = 0
    var completeWindows = 0
    /// Events whose time has come again: due retry records, ended holds. They go before new ones.
    var again = Deque<Item>()
    /// Parts of refused batches, to be sent as they are.
    var parts = Deque<ContiguousArray<Item>>()
    /// Events that failed while the circuit opened or was open, in no topic: they wait for its end.
    var stalled = Deque<Item>()
    var stalledBytes = 0
    /// Events that wait in memory for their next attempt.
    var held = 0
    var heldBytes = 0

    var inFlight = 0
    var inFlightBytes = 0
    /// Records that are no events, on their way to the dead-letter topic.
    var poisonUnderWay = 0
    /// Waits in `crowdedOut`, and is there (perhaps from before).
    var isCrowdedOut = false
    var isInCrowd = false
    var circuit: Circuit
    /// The endpoint asked for a pause until then (`Retry-After`).
    var blockedUntil = Instant(nanoseconds: 0)
    /// By the endpoint's own word; nil: as the policy says.
    var allowedRate: RateLimit? = nil { didSet { limitRate() } }
    /// What is in force of both.
    private(set) var rateLimit: RateLimit?
    var rate = RateBucket()
    var isReady = false
    var lingerTimer = Instant(nanoseconds: 0)
    var counters = SubscriptionCounters()
    var crowding = Crowding()

    init(id: SubscriptionID, policy: Subscription, topic: TopicState, slot: Int32, limit: Int) {
        self.id = id
        self.policy = policy
        hasWindow = policy.window != nil
        self.topic = topic
        self.slot = slot
        group = CommitGroup(id: .subscription(id))
        circuit = Circuit(policy: policy.diversion, limit: limit)
        rateLimit = policy.rateLimit
    }

    private func limitRate() { rateLimit = policy.rateLimit.map { $0.lowered(to: allowedRate) } ?? allowedRate }

    /// Events that were never tried: records, or complete windows.
    var freshCount: Int { hasWindow ? completeWindows : pendingCount }
    /// Of their records, as far as there are any yet.
    var freshBytes: Int { hasWindow ? 0 : pendingBytes }

    var isRunning: Bool { policy.enabled && !isPaused && suspension == nil && !isRemoved }

    /// Its cursors fill up. A subscription that cannot send holds no records.
    var isFlowing = false
    /// Probes since the circuit opened: they alternate between events that failed before and new ones, so that one
    /// poison event cannot keep the circuit open for ever.
    var probes = 0

    var hasRoom: Bool { inFlight < circuit.roomLimit }
}
