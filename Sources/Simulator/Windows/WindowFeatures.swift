import DeliveryCore
import EventModel

/// One kind of thing that a scenario may have besides plain windows; see `Feature`.
struct WindowFeature: Sendable {
    let name: String
    let draw: @Sendable (inout WindowScenario, inout Random) -> Void

    init(_ name: String, draw: @escaping @Sendable (inout WindowScenario, inout Random) -> Void) {
        self.name = name
        self.draw = draw
    }

    private static func topics(_ name: String, _ bend: @escaping @Sendable (inout WindowScenario.Topic, inout Random) -> Void) -> WindowFeature {
        WindowFeature(name) { scenario, random in for i in scenario.topics.indices { bend(&scenario.topics[i], &random) } }
    }

    private static func subscriptions(_ name: String, _ bend: @escaping @Sendable (inout Subscription, inout Random) -> Void) -> WindowFeature {
        WindowFeature(name) { scenario, random in
            for i in scenario.subscriptions.indices where random.chance(0.6) { bend(&scenario.subscriptions[i], &random) }
        }
    }

    private static func windows(_ name: String, _ bend: @escaping @Sendable (inout WindowPolicy, inout Random) -> Void) -> WindowFeature {
        WindowFeature(name) { scenario, random in
            for i in scenario.subscriptions.indices where scenario.subscriptions[i].window != nil && random.chance(0.6) {
                bend(&scenario.subscriptions[i].window!, &random)
            }
        }
    }

    private static func option(_ name: String, _ bend: @escaping @Sendable (inout CoreOptions, inout Random) -> Void) -> WindowFeature {
        WindowFeature(name) { scenario, random in bend(&scenario.core, &random) }
    }

    private static func endpoints(_ name: String, _ bend: @escaping @Sendable (inout EndpointPlan, inout Random) -> Void) -> WindowFeature {
        WindowFeature(name) { scenario, random in
            for i in scenario.endpoints.indices where random.chance(0.6) { bend(&scenario.endpoints[i], &random) }
        }
    }

    private static func phase(_ name: String, _ mode: @escaping @Sendable (inout Random) -> EndpointPlan.Mode) -> WindowFeature {
        WindowFeature(name) { scenario, random in
            for i in scenario.endpoints.indices where random.chance(0.6) {
                let from = scenario.faultsFor * random.unit()
                let length = scenario.faultsFor * random.pick([0.05, 0.3, 1])
                scenario.endpoints[i].phases.append(.init(from: from.wholeMilliseconds, until: (from + length).wholeMilliseconds, mode(&random)))
            }
        }
    }

    private static func event(_ name: String, atMost most: Int = 3, _ what: @escaping @Sendable (WindowScenario, inout Random) -> WindowScenario.Event) -> WindowFeature {
        WindowFeature(name) { scenario, random in
            for _ in 0..<random.int(1...most) {
                let at = scenario.faultsFor * random.unit()
                scenario.events.append((at.wholeMilliseconds, what(scenario, &random)))
            }
        }
    }

    private static func brokerFault(_ fault: Scenario.BrokerFault) -> WindowFeature {
        .event("\(fault)", atMost: 2) { _, random in .broker(fault, for: .seconds(Int64(random.int(1...30)))) }
    }

    /// Everything that a seed may switch on, in the order in which it is drawn.
    static let all: [WindowFeature] = records + policies + options + answers + faults

    private static let records: [WindowFeature] = [
        .topics("backlog") { topic, random in
            topic.backlog = random.pick([20, 120])
            topic.pace = random.pick([20, 300, 3000])
        },
        .topics("bursts") { topic, random in topic.bursts = random.int(1...4) },
        .topics("offset gaps") { topic, random in topic.gaps = random.pick([0.05, 0.5]) },
        .topics("records that are no events") { topic, _ in topic.unreadable = 0.05 },
        .topics("events that cannot be counted") { topic, _ in topic.uncountable = 0.05 },
        .topics("events of other types") { topic, random in topic.others = random.pick([0.1, 0.8]) },
        .topics("many groups") { topic, random in topic.groups = random.pick([15, 60]) },
        .topics("one group") { topic, _ in topic.groups = 1 },
        .topics("even times") { topic, random in topic.grid = random.pick([500, 1000, 2000]) },
        .topics("disorder") { topic, random in topic.disorder = random.pick([300, 3000, 12_000]) },
        .topics("stragglers") { topic, random in topic.stragglers = random.pick([0.03, 0.2]) },
        .topics("jumps") { topic, random in
            topic.jumps = 0.02
            topic.reach = random.pick([5_000, 60_000])
        },
        WindowFeature("windows over all partitions") { scenario, random in
            for i in scenario.topics.indices where random.chance(0.7) {
                scenario.topics[i].sources = random.pick([1, 2, 3])
                scenario.topics[i].mishaps = random.pick([0, 0.1, 0.4])
                // Those were dealt with where it was written.
                scenario.topics[i].unreadable = 0
                scenario.topics[i].others = 0
                let name = scenario.topics[i].name
                for j in scenario.subscriptions.indices where scenario.subscriptions[j].topic == name { scenario.subscriptions[j].window!.scope = .topic }
            }
        },
        WindowFeature("repeated events") { scenario, random in
            for i in scenario.topics.indices where scenario.topics[i].sources == 0 {
                scenario.topics[i].repeats = random.pick([0.1, 0.5])
                let name = scenario.topics[i].name
                for j in scenario.subscriptions.indices where scenario.subscriptions[j].topic == name && random.chance(0.7) {
                    scenario.subscriptions[j].deduplicate = DeduplicationPolicy(window: .seconds(Int64(random.pick([1, 10, 3600]))))
                }
            }
        },
        WindowFeature("long logs") { scenario, _ in for i in scenario.topics.indices { scenario.topics[i].live = 120 } },
    ]

    private static let policies: [WindowFeature] = [
        .windows("grace") { policy, random in policy.grace = .milliseconds(Int64(random.pick([500, 2000, 10_000]))) },
        .windows("long idleness") { policy, random in policy.idle = .seconds(Int64(random.pick([10, 30]))) },
        .windows("late events are dropped") { policy, _ in policy.late = .drop },
        .windows("late events are delivered") { policy, _ in policy.late = .deliver },
        .windows("arrival time") { policy, _ in policy.time = .arrival },
        .windows("no groups") { policy, _ in policy.groupBy = [] },
        .windows("few open windows") { policy, random in policy.maxGroups = random.pick([3, 10]) },
        .windows("long windows") { policy, random in
            policy.shape = random.pick([
                .tumbling(size: .minutes(5)), .hopping(size: .minutes(1), hop: .seconds(25)), .session(gap: .seconds(30), max: .minutes(2)),
            ])
        },
        .subscriptions("filters") { policy, _ in policy.filters = [.exact([AttributeOperand(attribute: "type", operand: "counted")])] },
        .subscriptions("order") { policy, random in policy.delivery.ordering = random.pick([.key, .key, .partition]) },
        .subscriptions("few requests to an endpoint") { policy, random in policy.delivery.maxInFlight = random.pick([1, 4]) },
        .subscriptions("short timeouts") { policy, random in policy.delivery.timeout = .seconds(Int64(random.pick([1, 5]))) },
        .subscriptions("a small diversion budget") { policy, random in policy.diversion.burst = random.pick([2, 10]) },
        .subscriptions("batches") { policy, random in
            var batch = BatchPolicy()
            batch.maxEvents = random.int(2...10)
            batch.maxWait = .milliseconds(Int64(random.pick([0, 100, 2000])))
            policy.batch = batch
        },
        WindowFeature("a subscription without windows") { scenario, random in
            if scenario.topics[0].sources > 0 { return }
            var policy = Subscription(name: "bystander", topic: scenario.topics[0].name, endpoint: "http://bystander")
            policy.start = .earliest
            policy.retry = scenario.subscriptions[0].retry
            scenario.subscriptions.append(policy)
            scenario.endpoints.append(EndpointPlan())
        },
    ]

    private static let options: [WindowFeature] = [
        .option("a short ring") { options, random in options.ringBytes = random.pick([500, 3_000]) },
        .option("small chunks") { options, random in options.chunkBytes = random.pick([500, 3_000]) },
        .option("little memory") { options, random in options.recordMemory = random.pick([30_000, 200_000]) },
        .option("short queues") { options, random in options.lookahead = random.pick([2, 16]) },
        .option("short metadata") { options, random in options.metadataLimit = random.pick([80, 150]) },
        .option("few commits") { options, random in
            options.commitsPerSecond = random.pick([2, 200])
            options.commitInterval = .milliseconds(Int64(random.pick([10, 3000])))
        },
        .option("little patience with cursors") { options, random in options.loadPatience = .milliseconds(Int64(random.pick([0, 10, 25]))) },
        .option("short drains") { options, random in options.drainLimit = .seconds(Int64(random.pick([1, 5]))) },
        .option("idle commits") { options, random in
            options.idleCommitInterval = .seconds(Int64(random.pick([10, 40])))
            options.coldCommitInterval = .seconds(Int64(random.pick([1, 5])))
        },
        .option("longer delays in memory") { options, random in options.longestDelayInMemory = random.pick([.zero, .seconds(10)]) },
        .option("few known places") { options, random in options.sourcePlaces = random.pick([2, 5]) },
        WindowFeature("small fetches") { scenario, _ in scenario.fetchBytes = 500 },
    ]

    private static let answers: [WindowFeature] = [
        .endpoints("slow answers") { plan, random in plan.latency = random.pick([10...100, 100...3000]) },
        .endpoints("failures") { plan, random in plan.failureRate = random.pick([0.05, 0.5]) },
        .endpoints("lost answers") { plan, _ in plan.lostAnswers = 0.05 },
        .endpoints("poison windows") { plan, random in
            plan.poisonEvery = random.pick([8, 30])
            plan.poisonStatus = random.pick([400, 500])
        },
        .endpoints("aborted windows") { plan, random in plan.abortEvery = random.pick([4, 20]) },
        .phase("refused connections") { _ in .refusing },
        .phase("server errors") { random in .answering(random.pick([500, 503])) },
        .phase("refusals") { _ in .answering(401) },
        .phase("hanging") { _ in .hanging },
        .phase("unavailability") { random in .unavailable(retryAfter: .seconds(Int64(random.pick([1, 10])))) },
        .phase("broken connections") { _ in .resetting },
        .phase("disabling") { random in .disabling(random.pick([200, 400])) },
    ]

    private static let faults: [WindowFeature] = [
        .event("crashes", atMost: 5) { scenario, random in .crash(replica: random.replica(scenario), downFor: .seconds(Int64(random.int(7...15)))) },
        .event("crashes of all", atMost: 2) { _, random in .crashAll(downFor: .seconds(Int64(random.int(7...15)))) },
        .event("restarts", atMost: 4) { scenario, random in .restart(replica: random.replica(scenario)) },
        .event("joins") { scenario, random in .join(replica: random.replica(scenario)) },
        .event("leaves") { scenario, random in .leave(replica: random.replica(scenario)) },
        .event("evictions") { scenario, random in .evict(replica: random.replica(scenario)) },
        .brokerFault(.commitsFail), .brokerFault(.commitsSlow), .brokerFault(.answersLost), .brokerFault(.producesFail),
        .brokerFault(.producesSlow), .brokerFault(.fetchesSlow), .brokerFault(.fetchesFail), .brokerFault(.lookupsFail),
        .endpoints("cursors that come late") { plan, random in plan.cursorDelay = random.pick([1...3000, 1000...60_000]) },
        .event("pauses") { scenario, random in .pause(subscription: random.subscription(scenario), for: .seconds(Int64(random.int(1...30)))) },
        .event("seeks", atMost: 2) { scenario, random in
            let subscription = random.subscription(scenario)
            // From elsewhere on, what counts is another question: events are taken as they come, and the model knows all.
            let mayBeAnywhere = scenario.subscriptions[subscription].window?.scope != .topic
            let targets: [CursorTarget] = mayBeAnywhere ? [.start(.earliest), .start(.latest), .offset(Int64(random.int(0...60)))] : [.start(.earliest)]
            return .seek(subscription: subscription, to: random.pick(targets))
        },
        .event("failing producers", atMost: 2) { scenario, random in .producerFails(replica: random.replica(scenario)) },
        WindowFeature("wrong clocks") { scenario, random in
            // Where our clock is behind the records' times, what is a repeat is a matter of it too (`RepeatMemory`); the model knows the log.
            if scenario.subscriptions.contains(where: { $0.deduplicate != nil }) { return }
            for _ in 0..<scenario.mostReplicas { scenario.clockOffsets.append(.milliseconds(Int64(random.int(-20_000...20_000)))) }
        },
    ]
}

extension WindowScenario {
    /// A scenario that the seed alone decides: small enough to run in milliseconds.
    public static func random(seed: UInt64) -> WindowScenario {
        var random = Random(seed: seed ^ 0x817D0)
        var scenario = plain(seed, &random)
        let share = random.pick([0.1, 0.25, 0.4])
        for feature in WindowFeature.all {
            var random = Random(seed: seed ^ UInt64(bitPattern: Trace.word("windows: \(feature.name)")))
            guard random.chance(share) else { continue }
            scenario.features.append(feature.name)
            feature.draw(&scenario, &random)
        }
        scenario.events.sort { $0.at < $1.at }
        return scenario
    }

    /// Windows of all shapes, and nothing that goes wrong.
    private static func plain(_ seed: UInt64, _ random: inout Random) -> WindowScenario {
        var scenario = WindowScenario(seed: seed)
        scenario.faultsFor = .seconds(Int64(random.int(20...90)))
        scenario.core.lanes = [.seconds(1), .seconds(5), .seconds(30)]
        for i in 0..<random.int(1...2) { scenario.topics.append(Topic(name: "topic-\(i)", partitions: random.int(1...2))) }
        for i in 0..<random.int(1...3) {
            var policy = Subscription(name: "windows-\(i)", topic: random.pick(scenario.topics).name, endpoint: "http://\(i)")
            policy.start = .earliest
            policy.retry.schedule = [.seconds(1), .seconds(5), .seconds(30)]
            policy.retry.giveUpAfter = .minutes(5)
            policy.window = WindowPolicy(shape: shape(&random))
            policy.window!.idle = .seconds(Int64(random.pick([1, 3])))
            scenario.subscriptions.append(policy)
            scenario.endpoints.append(EndpointPlan())
        }
        scenario.replicas = random.int(1...2)
        return scenario
    }

    private static func shape(_ random: inout Random) -> WindowShape {
        random.pick([
            .tumbling(size: .seconds(Int64(random.pick([1, 2, 10])))),
            .hopping(size: .seconds(Int64(random.pick([4, 10]))), hop: .seconds(Int64(random.pick([2, 3, 4])))),
            .session(gap: .seconds(Int64(random.pick([1, 2, 5]))), max: .seconds(Int64(random.pick([5, 20])))),
        ])
    }
}

extension Random {
    fileprivate mutating func replica(_ scenario: WindowScenario) -> Int { int(0...scenario.mostReplicas - 1) }

    fileprivate mutating func subscription(_ scenario: WindowScenario) -> Int { int(0...scenario.subscriptions.count - 1) }
}
