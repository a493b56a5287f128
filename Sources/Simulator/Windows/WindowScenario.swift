import DeliveryCore
import EventModel

/// Everything a simulation of windows is told: with the same scenario it does the same.
public struct WindowScenario: Sendable {
    struct Topic: Sendable {
        var name: String
        var partitions: Int
        /// Records that are there from the beginning, and those produced while faults happen; per partition.
        var backlog = 0
        var live = 30
        /// Live records come in so many bursts, with silences between them; 0: evenly.
        var bursts = 0
        /// Chances, for each record: of a gap after it, of the defects, and of a type that some filters do not want.
        var gaps = 0.0
        var unreadable = 0.0
        var uncountable = 0.0
        var others = 0.0
        var groups = 3
        /// Chance that a record is an event that came before; 0: none says which event it is.
        var repeats = 0.0
        /// It is a repartition topic, of a topic with so many partitions; 0: it is not. Then the chance of a writer's mishap.
        var sources = 0
        var mishaps = 0.0
        /// Event times are multiples of so many milliseconds: the edges of windows are met then.
        var grid: Int64 = 1
        /// Event times lie behind the clock by up to so many milliseconds.
        var disorder: Int64 = 0
        /// Chances of times far behind the clock and ahead of it, and how far.
        var stragglers = 0.0
        var jumps = 0.0
        var reach: Int64 = 20_000
        /// How much event time lies between two records of the backlog.
        var pace: Int64 = 300
    }

    enum Event: Sendable {
        case crash(replica: Int, downFor: TimeSpan)
        case crashAll(downFor: TimeSpan)
        case restart(replica: Int)
        case join(replica: Int)
        case leave(replica: Int)
        case evict(replica: Int)
        case broker(Scenario.BrokerFault, for: TimeSpan)
        case pause(subscription: Int, for: TimeSpan)
        case seek(subscription: Int, to: CursorTarget)
        case producerFails(replica: Int)
    }

    public var seed: UInt64
    /// The names of what was switched on.
    var features: [String] = []
    var topics: [Topic] = []
    var subscriptions: [Subscription] = []
    /// By subscription.
    var endpoints: [EndpointPlan] = []
    var replicas = 1
    let mostReplicas = 3
    var core = CoreOptions()
    /// By replica.
    var clockOffsets: [TimeSpan] = []
    /// Faults and live records happen within this time; then everything heals.
    var faultsFor: TimeSpan = .seconds(60)
    /// How long it may take after that until everything is settled.
    let healWithin: TimeSpan = .hours(2)
    var events: [(at: TimeSpan, what: Event)] = []
    var fetchBytes = 16 << 10
    /// How often the ends of logs are asked for.
    let endInterval = TimeSpan.seconds(5)
    /// An engine that takes more steps than this runs in circles.
    let mostSteps = 500_000
}

extension WindowScenario: CustomStringConvertible {
    public var description: String {
        var lines = ["seed \(seed): \(features.isEmpty ? "nothing special" : features.joined(separator: ", "))"]
        lines.append("faults for \(faultsFor), \(replicas) replicas")
        for topic in topics { lines.append("\(topic)".replacing("Simulator.WindowScenario.", with: "")) }
        for (policy, endpoint) in zip(subscriptions, endpoints) {
            lines.append("\(policy.name) of \(policy.topic)\(policy.delivery.ordering == .none ? "" : ", ordered by \(policy.delivery.ordering)"): \(policy.window.map(Self.words) ?? "no window")")
            for phase in endpoint.phases { lines.append("  endpoint from \(phase.from) until \(phase.until): \(phase.mode)") }
        }
        for event in events { lines.append("at \(event.at): \(event.what)") }
        return lines.joined(separator: "\n")
    }

    private static func words(_ policy: WindowPolicy) -> String {
        "\(policy.shape), by \(policy.time) time, grace \(policy.grace), idle \(policy.idle), late: \(policy.late), at most \(policy.maxGroups) open"
            .replacing("EventModel.TimeSpan", with: "")
    }
}
