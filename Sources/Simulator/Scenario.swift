public import DeliveryCore
public import EventModel

/// Everything a simulation is told: with the same scenario it does the same.
public struct Scenario: Sendable, Codable {
    /// A topic, and what is produced into it.
    public struct Topic: Sendable, Codable {
        public var name: String
        public var partitions: Int
        /// Records that are there from the beginning, per partition.
        public var backlog: Int = 0
        /// Records produced while faults happen, per partition.
        public var live: Int = 0
        /// Chance of a gap after each record.
        public var gaps = 0.0
        /// Chance that a record is not a valid event.
        public var poison = 0.0
        /// Chance that a record is an event that its schema rejects.
        public var rejected = 0.0
        public var bytes: ClosedRange<Int> = 100...1000
        public var types = ["a"]
        /// How many different keys records have; 0: none has one.
        public var keys = 0
        /// Chance that a record is an event that came before; 0: none says which event it is.
        public var repeats = 0.0

        public init(name: String, partitions: Int) {
            self.name = name
            self.partitions = partitions
        }
    }

    /// What is done, or goes wrong, while the replicas run.
    public enum Event: Sendable, Equatable, Codable {
        /// The process dies, in the middle of performing effects, and starts again later.
        case crash(replica: Int, downFor: TimeSpan)
        /// The process drains, leaves and starts again.
        case restart(replica: Int)
        case join(replica: Int)
        case leave(replica: Int)
        /// The group throws a member out that still lives.
        case evict(replica: Int)
        case broker(BrokerFault, for: TimeSpan)
        /// Its manifest loses a subscription, and gets it back later.
        case remove(subscription: Int, for: TimeSpan)
        /// Its manifest is edited: an operator's answer to a suspension.
        case edit(subscription: Int)
        /// Its manifest says something else from now on.
        case change(subscription: Int, Change)
        /// The process takes no step for so long.
        case standstill(replica: Int, for: TimeSpan)
        /// All processes die at once.
        case crashAll(downFor: TimeSpan)
        /// The process dies, and dies again soon after each of its next starts.
        case crashLoop(replica: Int, times: Int)
        /// A replica's wall clock jumps.
        case clock(replica: Int, by: TimeSpan)
        /// An operator pauses a subscription, and may move its cursors with Kafka's own tools before it is resumed.
        case pause(subscription: Int, for: TimeSpan, reset: Seek?)
        case seek(subscription: Int, to: Seek)
        /// Its endpoint says how many requests a second it takes from now on; 0: any number.
        case allow(subscription: Int, perSecond: Double)
        /// Kafka deletes the beginning of a log, down to this share of it.
        case retain(topic: Int, partition: Int, share: Double)
        /// Compaction takes this share of the records out of a log.
        case compact(topic: Int, partition: Int, share: Double)
        /// A topic gets a partition more.
        case grow(topic: Int)
        /// A replica's producer fails for good, with all that it has under way.
        case producerFails(replica: Int)
    }

    /// What Kafka does badly for some time.
    public enum BrokerFault: String, Sendable, Codable {
        case commitsFail, commitsSlow, producesFail, producesSlow, fetchesSlow
        /// Commits are taken, and their answers lost.
        case answersLost
        /// Cursors and starts cannot be found out.
        case lookupsFail
        case fetchesFail
        /// All of it.
        case away
    }

    /// Where an operator sends a subscription.
    public enum Seek: Sendable, Equatable, Codable {
        case earliest, latest
        case ago(TimeSpan)
        /// So many offsets on, or back.
        case by(Int)
    }

    /// One key of a manifest.
    public enum Change: Sendable, Equatable, Codable {
        case maxInFlight(Int)
        case timeout(TimeSpan)
        case schedule([TimeSpan])
        case jitter(Double)
        case giveUpAfter(TimeSpan)
        case burst(Int)
        case drop(Bool)
        /// 0: no batches.
        case batch(Int)
        /// Only types that begin with this.
        case filter(prefix: String)
        case enabled(Bool)
        /// `retry.on` lists nothing.
        case retriesNothing
        /// Zero: what came before is delivered again.
        case deduplicate(window: TimeSpan)
    }

    public var seed: UInt64
    /// Of a random scenario: the names of what was switched on.
    public var features: [String] = []
    public var topics: [Topic] = []
    public var subscriptions: [Subscription] = []
    /// By subscription.
    public var endpoints: [EndpointPlan] = []
    /// Replicas that run from the beginning, and all that there may be.
    public var replicas = 1
    public var mostReplicas = 3
    public var core = CoreOptions()
    /// What engines are told that start later.
    public var laterCore: CoreOptions? = nil
    /// By replica: how far its wall clock is ahead, and how much it gains in a second.
    public var clockOffsets: [TimeSpan] = []
    public var clockDrifts: [Double] = []
    /// Records larger than this do not fit into the retry topic, or into the dead letters.
    public var largestRetry = Int.max
    public var largestDeadLetter = Int.max
    /// Faults and live records happen within this time; then everything heals.
    public var faultsFor: TimeSpan = .seconds(60)
    /// How long it may take after that until every lag is zero.
    public var healWithin: TimeSpan = .hours(3)
    public var events: [(at: TimeSpan, what: Event)] {
        get { timeline.map { ($0.at, $0.what) } }
        set { timeline = newValue.map { TimedEvent(at: $0.at, what: $0.what) } }
    }
    private var timeline: [TimedEvent] = []

    private struct TimedEvent: Codable {
        var at: TimeSpan
        var what: Event
    }

    /// Most bytes of one fetch of the head.
    public var fetchBytes = 16 << 10

    /// An engine that takes more steps than this runs in circles.
    public var mostSteps = 2_000_000

    public init(seed: UInt64) { self.seed = seed }
}
