public import DeliveryCore
public import EventModel

/// Everything a simulation is told: with the same scenario it does the same.
public struct Scenario: Sendable, Codable {
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
        public var bytes: ClosedRange<Int> = 100...1000
        public var types = ["a"]

        public init(name: String, partitions: Int) {
            self.name = name
            self.partitions = partitions
        }
    }

    public enum Event: Sendable, Codable, CustomStringConvertible {
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

        public var description: String {
            switch self {
            case .crash(let replica, let span): "crash \(replica) for \(span)"
            case .restart(let replica): "restart \(replica)"
            case .join(let replica): "join \(replica)"
            case .leave(let replica): "leave \(replica)"
            case .evict(let replica): "evict \(replica)"
            case .broker(let fault, let span): "broker \(fault) for \(span)"
            case .remove(let subscription, let span): "remove subscription \(subscription) for \(span)"
            case .edit(let subscription): "edit subscription \(subscription)"
            }
        }
    }

    public enum BrokerFault: String, Sendable, Codable {
        case commitsFail, commitsSlow, producesFail, producesSlow, fetchesSlow
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
