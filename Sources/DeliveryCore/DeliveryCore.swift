import DequeModule
public import EventModel

/// The engine of one shard: a state machine that decides everything and does nothing.
///
/// An event's way through it, one file per stage:
///
///     assigned ─► Ownership ─► cursors loaded ─► reading
///     records ──► Reading ───► ring and cursors' queues ─► Dispatch ─► attempt
///                 Windows ───► events are counted; complete windows ─┤
///     retries ──► RetryIntake ─► held until due ─────────────┘            │
///     attempt ended ─► Outcome ─┬─ delivered ──────────────► settle ──────┴─► Commits
///                               ├─ Diversions: retry or dead-letter record, settled when acknowledged
///                               └─ outage: Circuit opens, the event waits, a probe goes out now and then
///
/// It reads no clock and no randomness, never waits, and knows records only by tokens. The caller performs the effects
/// of a step in order and reports back by further inputs. The same value runs in the simulator.
public struct DeliveryCore: ~Copyable {
    let options: CoreOptions
    let lanes: Lanes
    var generator: SeededGenerator
    /// The moment of the step under way.
    var now = Moment(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0))
    var effects = ContiguousArray<Effect>()

    // Subscriptions and topics live as long as the engine, also when they are gone, and partitions and their cursors as long as
    // anything of them is under way (`Retirement`): what refers to them (`unowned(unsafe)`) counts nothing, and an event on its way
    // is plain memory.
    var subscriptions: [SubscriptionState] = []
    var byName: [String: SubscriptionState] = [:]
    /// Removed with a commit under way, or one to come: who comes back under that name waits for its end.
    var departed: [String: CommitGroup] = [:]
    /// Removed in doubt, with something to commit when there is no more doubt.
    var leavingInDoubt: [CommitGroup] = []
    var topics: [String: TopicState] = [:]
    /// In the order in which they were first heard of: for everything whose order shows.
    var topicsInOrder: [TopicState] = []
    /// By handle. Those that are gone leave something behind that is shared by all assignments of the partition.
    var partitions: [PartitionState] = []
    /// Cursors that are gone and are kept for what refers to them.
    var retired: [RetiredCursor] = []
    /// Something of one of them has ended.
    var mayRelease = false
    let retryGroup = CommitGroup(id: .retryTopic)

    var records = RecordTable()
    var timers = Timers()
    var ready = ReadyLine()
    /// Those that had more than their share when the room for all was taken.
    var crowdedOut = ReadyLine()
    /// More waits in memory for their endpoints than they may keep there.
    var overfull: [SubscriptionState] = []
    var inFlight = 0
    /// Bytes of the records in requests, each counted as often as it is sent.
    var inFlightBytes = 0
    /// Subscriptions that are not removed.
    var liveSubscriptions = 0
    var deliveries: [Delivery] = []
    var freeDeliveries: [Int] = []
    /// Of the last `attemptEnded`.
    public internal(set) var ending = AttemptEnding()
    var diversions: [Diversion] = []
    var freeDiversions: [Int] = []
    var held: [Held?] = []
    var freeHeld: [Int] = []
    /// The highest number of those given to the events of failed batches.
    var lastCompany: UInt32 = 0
    /// Partitions and cursors that are not gone.
    var livePartitions = 0
    var liveCursors = 0
    /// Partitions with lagging cursors that want more.
    var laggingPartitions = Deque<PartitionState>()
    /// Chunks asked for and not yet here: memory spoken for.
    var chunksUnderWay = 0
    var commitsWaiting = CommitLine()
    var commitTokens: Double
    var commitTokensAt = Instant(nanoseconds: 0)
    var commitBudgetTimerIsSet = false
    var readOnTimerIsSet = false
    var sweepTimerIsSet = false
    /// The group may have gone on without us: nothing goes out.
    var isInDoubt = false
    /// Decided meanwhile, to be produced when there is no more doubt.
    var diversionsInDoubt: [DiversionID] = []

    /// What the windows of subscriptions hold; there before the first subscription with a window.
    public var contents: (any WindowContents)? = nil
    let windowIDs = WindowIDs()
    /// What events are the same; there before the first subscription that drops repeats.
    public var identities: (any EventIdentities)? = nil
    /// They have counted what was read for them, and may have come as far as an advance of their watermark.
    var caughtUp: [Cursor] = []

    var recordsConsumed: UInt64 = 0
    /// Offsets of the retry topic that Kafka deleted before they were settled.
    var retriesLost: UInt64 = 0
    var rebalances: UInt64 = 0
    var commits: UInt64 = 0
    var commitFailures: UInt64 = 0
    var commitDuration = Histogram(bounds: Histogram.durationBounds)

    public init(options: CoreOptions) {
        precondition(!options.lanes.isEmpty && options.partitionsPerLane > 0, "the retry topic has at least one lane")
        self.options = options
        lanes = Lanes(delays: options.lanes, partitionsPerLane: options.partitionsPerLane)
        generator = SeededGenerator(seed: options.seed)
        commitTokens = max(1, options.commitsPerSecond)
    }

    /// Takes one input in, and appends what is to be done about it to `out`.
    public mutating func step(_ input: Input, at now: Moment, into out: inout ContiguousArray<Effect>) {
        self.now = now
        swap(&effects, &out)
        if mayRelease { releaseRetired() }
        take(input)
        runTimers()
        applyAdvances()
        setAsideOverfull()
        dispatch()
        relieveMemory()
        readForLagging()
        sendCommits()
        swap(&effects, &out)
    }

    /// When the next timer comes due; `tick` then.
    public var nextWakeup: Instant? { timers.next }

    private mutating func take(_ input: Input) {
        switch input {
        case .subscriptions(let table): install(table)
        case .assigned(let names): assign(names)
        case .cursorLoaded(let group, let partition, let stored): cursorLoaded(group, partition, stored)
        case .startResolved(let group, let partition, let offset): startResolved(group, partition, offset)
        case .records(let batch): takeIn(batch)
        case .outOfRange(let partition, let start, let chunk): jumpToLogStart(partition, start, chunk: chunk)
        case .endKnown(let handle, let offset, let asked): endKnown(handle, offset, asked: asked)
        case .attemptEnded(let id, let outcome, let duration): attemptEnded(id, outcome, duration)
        case .diverted(let id): diverted(id)
        case .diversionFailed(let id, let failure): diversionFailed(id, failure)
        case .commitEnded(let group, let succeeded, let duration): commitEnded(group, succeeded, duration)
        case .revoking(let handles): for handle in handles { drain(partitions[handle.index]) }
        case .lost(let handles): for handle in handles { lose(partitions[handle.index]) }
        case .pause(let id): pause(subscriptions[id.index])
        case .resume(let id): resume(subscriptions[id.index])
        case .suspend(let id, let reason): suspendToo(subscriptions[id.index], reason)
        case .allowedRate(let id, let limit): allow(subscriptions[id.index], limit)
        case .seek(let id, let handles, let target): seek(subscriptions[id.index], handles, target)
        case .partitionCount(let topic, let count): countPartitions(topic, count)
        case .membershipDoubted: membershipDoubted()
        case .membershipSettled: membershipSettled()
        case .tick: break
        }
    }

    private mutating func runTimers() {
        while let kind = timers.popDue(at: now.instant) {
            switch kind {
            case .held(let slot): heldIsDue(Int(slot))
            case .linger(let id), .unblock(let id): markReady(subscriptions[id.index])
            case .rate(let id): rateIsDue(subscriptions[id.index])
            case .probe(let id): probe(subscriptions[id.index])
            case .commit(let id): commitIsDue(group(id))
            case .commitBudget: commitBudgetTimerIsSet = false
            case .readOn: readOn()
            case .sweep: sweep()
            case .patience(let handle): patienceIsOver(partitions[handle.index])
            case .drain(let handle): drainTimedOut(partitions[handle.index])
            case .divertAgain(let id): pauseIsOver(id)
            }
        }
    }

    func group(_ id: CursorGroup) -> CommitGroup {
        switch id {
        case .retryTopic: return retryGroup
        case .subscription(let id): return subscriptions[id.index].group
        }
    }

    /// Gives one reference to a record back.
    mutating func release(_ record: RecordIndex) {
        if let token = records.release(record) { effects.append(.release(token)) }
    }

    mutating func report(_ report: Report) { effects.append(.report(report)) }
}
