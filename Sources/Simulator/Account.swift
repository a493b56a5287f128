import DeliveryCore
import EventModel

/// What the outside has seen of one engine since its process started: the checkers' own books. Nothing in them is the
/// engine's word but its effects and reports; they end with the process.
struct Account {
    /// One event in one engine: the place it was read from, and whose it is.
    struct Item: Hashable {
        var handle: PartitionHandle
        /// Nil on the retry topic, where an offset is one subscription's.
        var subscription: SubscriptionID?
        var offset: Int64
    }

    /// What became of an item so far.
    struct Tries {
        /// Attempts made, those before it came here included.
        var attempts: Int
        /// Steps of the schedule spent. A range where the outside cannot know.
        var retries: ClosedRange<Int>
        var created: WallTime
        /// Where the event comes from, for the story.
        var event: EventKey
        var subscription: Int
        var isPoison = false
        /// What others wait for: a key of its partition.
        var line: UInt64? = nil
        var bytes = 0
        var firstAttempt: WallTime? = nil
        /// How the last attempt failed, and when.
        var failure: (outcome: AttemptOutcome, at: WallTime)? = nil
        var failedAt = Instant(nanoseconds: 0)
        /// It failed while its engine was in doubt and held everything back: what was decided then is not visible.
        var isUncertain = false
        /// No attempt before this.
        var notBefore: WallTime? = nil
        var isUnderWay = false
        /// The request that it was in last, and how often one failed that others were in, too.
        var request: Int? = nil
        var failuresInCompany = 0
        var mostInCompany = 1
        /// The record that is being produced.
        var diversion: DiversionView? = nil
    }

    /// One subscription, as this engine knows it.
    struct Outlet {
        var policy: Subscription
        /// Index in the scenario.
        var index: Int
        var circuit: CircuitModel
        var inFlight = 0
        var isRemoved = false
        var isSuspended = false
        var isPaused = false
        /// Its circuit is open, by its engine's word.
        var isSaidToFail = false
        /// Something was decided in doubt: the circuit may be another than the model says.
        var isUncertain = false
        var blockedUntil = Instant(nanoseconds: 0)
        var counters = SubscriptionCounters()
        /// The endpoint's own word.
        var allowedRate: RateLimit? = nil
        var rate = RateModel()

        var rateLimit: RateLimit? {
            guard let own = policy.rateLimit, let allowed = allowedRate else { return policy.rateLimit ?? allowedRate }
            var limit = own
            limit.perSecond = min(own.perSecond, allowed.perSecond)
            limit.burst = min(own.burst, allowed.burst)
            return limit
        }
        var isRunning: Bool { policy.enabled && !isRemoved && !isSuspended && !isPaused }
    }

    enum Phase { case loading, reading, draining, gone }

    /// By the engine's index.
    var outlets: [Outlet] = []
    var phases: [PartitionHandle: Phase] = [:]
    var tries: [Item: Tries] = [:]
    /// The attempt whose end the step under way takes in.
    var ending: Ending? = nil
    /// Of the attempt that ended last.
    var endingRecords: [RecordToken] = []
    var groups: [CursorGroup: CommitBooks] = [:]
    var commitTokens = 0.0
    var commitTokensAt = Instant(nanoseconds: 0)
    var commits: UInt64 = 0
    var commitFailures: UInt64 = 0
    var rebalances: UInt64 = 0
    var isInDoubt = false
    /// It lost partitions once: requests for them may still be under way.
    var hasLost = false
    /// What was held back in doubt goes out in this step.
    var isSettling = false
    /// Requests under way.
    var inFlight = 0
    /// Drains that ran into their limit.
    var timedOut: Set<PartitionHandle> = []

    /// An attempt that has just ended.
    struct Ending {
        var subscription: SubscriptionID
        var items: [Item]
        var outcome: AttemptOutcome
        var meaning: Meaning
        /// Cancelled requests count for nothing.
        var isCancelled: Bool
        var wasClosed: Bool
        var sentAt: Instant
        /// Those whose place is not theirs any more when the attempt ends.
        var abandoned: Set<Item>
        /// What is to become of those that are handed on.
        var consequences: [Item: Simulation.Consequence] = [:]
        var opened = false

        /// Those that the endpoint named, though it accepted the request.
        var named: [Item: AttemptOutcome.FailedEvent] {
            Dictionary(uniqueKeysWithValues: outcome.failedEvents.map { (items[$0.index], $0) })
        }
        /// Something was delivered.
        var isSuccess: Bool { meaning == .delivered && outcome.failedEvents.count < items.count }
        /// Whether what failed finds the circuit closed: what was delivered of the same request closes it.
        var failsWhileClosed: Bool { wasClosed || isSuccess }
    }

    /// A cursor as one engine knows it: a subscription's on a partition.
    struct Place: Hashable {
        var subscription: SubscriptionID
        var handle: PartitionHandle
    }

    /// By topic, as it was told.
    var partitionCounts: [String: Int] = [:]
    /// Cursors that were told to go elsewhere and are not there yet.
    var moving: Set<Place> = []
    /// Cursors that are loaded only to be committed again as they stand there.
    var refreshes: Set<Place> = []
    /// When such a cursor was loaded last.
    var refreshedAt: [Place: Instant] = [:]
    /// Records that it was given of partitions that it reads.
    var recordsTaken: UInt64 = 0
}
