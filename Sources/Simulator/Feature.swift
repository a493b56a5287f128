import DeliveryCore
import EventModel

/// One kind of thing that a scenario may have besides plain deliveries: a fault, a manner of endpoints, a group of
/// options.
///
/// A seed first draws which features are on at all, then how much of each. What is off stays off for the whole run:
/// a bug that needs a full cursor is found where no restart empties it (Groce, Zhang, Eide, Chen, Regehr, "Swarm
/// Testing", 2012).
///
/// **A new fault or option is registered by one line in Features.swift.** It needs nothing else here: what a scenario
/// holds is printed, saved, read back and minimized field by field. Each feature draws from a generator of its own,
/// named after it, so that a new one does not change what the seeds mean to the others.
struct Feature: Sendable {
    let name: String
    let draw: @Sendable (inout Scenario, inout Random) -> Void

    init(_ name: String, draw: @escaping @Sendable (inout Scenario, inout Random) -> Void) {
        self.name = name
        self.draw = draw
    }

    /// Between one and so many events, each at a time of its own while faults happen.
    static func event(_ name: String, atMost most: Int = 3, _ what: @escaping @Sendable (Scenario, inout Random) -> Scenario.Event) -> Feature {
        Feature(name) { scenario, random in
            for _ in 0..<random.int(1...most) {
                let at = scenario.faultsFor * random.unit()
                scenario.events.append((at.wholeMilliseconds, what(scenario, &random)))
            }
        }
    }

    /// Something about some of the endpoints.
    static func endpoints(_ name: String, _ bend: @escaping @Sendable (inout EndpointPlan, Scenario, inout Random) -> Void) -> Feature {
        Feature(name) { scenario, random in
            for i in scenario.endpoints.indices where random.chance(0.5) { bend(&scenario.endpoints[i], scenario, &random) }
        }
    }

    /// For some time some of the endpoints behave in this way.
    static func phase(_ name: String, _ mode: @escaping @Sendable (inout Random) -> EndpointPlan.Mode) -> Feature {
        endpoints(name) { plan, scenario, random in
            let from = scenario.faultsFor * random.unit()
            let length = scenario.faultsFor * random.pick([0.02, 0.2, 1])
            plan.phases.append(.init(from: from.wholeMilliseconds, until: (from + length).wholeMilliseconds, mode(&random)))
        }
    }

    /// Something about some of the subscriptions.
    static func subscriptions(_ name: String, _ bend: @escaping @Sendable (inout Subscription, inout Random) -> Void) -> Feature {
        Feature(name) { scenario, random in
            for i in scenario.subscriptions.indices where random.chance(0.5) { bend(&scenario.subscriptions[i], &random) }
        }
    }

    /// Something about all topics.
    static func topics(_ name: String, _ bend: @escaping @Sendable (inout Scenario.Topic, inout Random) -> Void) -> Feature {
        Feature(name) { scenario, random in
            for i in scenario.topics.indices { bend(&scenario.topics[i], &random) }
        }
    }

    /// An option of the engine.
    static func option(_ name: String, _ bend: @escaping @Sendable (inout CoreOptions, inout Random) -> Void) -> Feature {
        Feature(name) { scenario, random in bend(&scenario.core, &random) }
    }
}

extension TimeSpan {
    /// Times that people can read and write.
    var wholeMilliseconds: TimeSpan { .milliseconds(nanoseconds / 1_000_000) }
}
