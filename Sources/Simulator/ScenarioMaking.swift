import DeliveryCore
import EventModel

extension Scenario {
    /// A scenario that the seed alone decides: small enough to run in milliseconds, mixed enough to meet much.
    public static func random(seed: UInt64) -> Scenario {
        var random = Random(seed: seed ^ 0x5EED)
        var scenario = Scenario(seed: seed)
        scenario.faultsFor = .seconds(Int64(random.int(20...120)))
        scenario.core = core(&random)
        scenario.fetchBytes = random.pick([2_000, 16_000, 100_000])
        for i in 0..<random.int(1...2) { scenario.topics.append(topic(i, &random)) }
        for i in 0..<random.int(1...6) {
            let topic = random.pick(scenario.topics)
            scenario.subscriptions.append(subscription(i, topic, &random))
            scenario.endpoints.append(endpoint(scenario.faultsFor, &random))
        }
        scenario.replicas = random.int(1...3)
        if random.chance(0.8) {
            for _ in 0..<random.int(1...6) {
                let at = TimeSpan(nanoseconds: Int64(Double(scenario.faultsFor.nanoseconds) * random.unit()))
                scenario.events.append((at, event(scenario, &random)))
            }
        }
        return scenario
    }

    private static func core(_ random: inout Random) -> CoreOptions {
        var options = CoreOptions()
        options.lanes = random.pick([[.seconds(1), .seconds(5), .seconds(30)], [.seconds(5)], [.seconds(1), .seconds(2), .seconds(10), .minutes(2)]])
        options.partitionsPerLane = random.int(1...2)
        options.recordMemory = random.pick([100_000, 1_000_000, 64 << 20])
        options.ringBytes = random.pick([5_000, 50_000, 4 << 20])
        options.chunkBytes = random.pick([2_000, 20_000, 1 << 20])
        options.lookahead = random.pick([4, 32, 256])
        options.retriesInMemory = random.pick([5, 100, 1000])
        options.metadataLimit = random.pick([24, 100, 4096])
        options.maxInFlight = random.pick([3, 50, 4096])
        options.commitsPerSecond = random.pick([5, 200])
        options.commitInterval = .milliseconds(Int64(random.pick([10, 100, 1000])))
        options.longestRetryAfter = .seconds(30)
        options.longestProbe = .seconds(Int64(random.pick([5, 60])))
        return options
    }

    private static func topic(_ index: Int, _ random: inout Random) -> Topic {
        var topic = Topic(name: "topic-\(index)", partitions: random.int(1...4))
        topic.backlog = random.pick([0, 0, 20, 150])
        topic.live = random.pick([0, 10, 60])
        topic.gaps = random.pick([0, 0.05, 0.5])
        topic.poison = random.pick([0, 0, 0.02])
        topic.types = ["order.created", "order.paid", "user.left"]
        topic.bytes = random.pick([50...200, 100...3000])
        return topic
    }

    private static func subscription(_ index: Int, _ topic: Topic, _ random: inout Random) -> Subscription {
        var policy = Subscription(name: "subscription-\(index)", topic: topic.name, endpoint: "http://\(index)")
        policy.start = random.pick([.earliest, .earliest, .earliest, .latest])
        policy.filters = random.pick([
            [], [], [.prefix([AttributeOperand(attribute: "type", operand: "order.")])],
            [.not(.exact([AttributeOperand(attribute: "type", operand: "order.paid")]))],
        ])
        policy.delivery.maxInFlight = random.pick([1, 4, 64])
        policy.delivery.timeout = .seconds(Int64(random.pick([1, 5, 15])))
        policy.retry.schedule = random.pick([
            [.seconds(1), .seconds(5), .seconds(30)], [.milliseconds(100), .seconds(1), .seconds(2)], [.seconds(5), .minutes(1)], [],
        ])
        policy.retry.giveUpAfter = .seconds(Int64(random.pick([60, 600, 3600])))
        policy.diversion.burst = random.pick([2, 10, 50])
        policy.diversion.perSuccess = random.pick([0.2, 1])
        policy.deadLetter.drop = random.chance(0.1)
        if random.chance(0.3) {
            var batch = BatchPolicy()
            batch.maxEvents = random.int(2...20)
            batch.maxBytes = random.pick([1000, 1 << 20])
            batch.maxWait = .milliseconds(Int64(random.pick([0, 100, 2000])))
            policy.batch = batch
        }
        return policy
    }

    private static func endpoint(_ span: TimeSpan, _ random: inout Random) -> EndpointPlan {
        var plan = EndpointPlan()
        plan.latency = random.pick([1...20, 10...100, 100...3000])
        plan.failureRate = random.pick([0, 0, 0.05, 0.5])
        plan.lostAnswers = random.pick([0, 0, 0.02])
        plan.poisonEvery = random.pick([0, 0, 10, 50])
        plan.poisonStatus = random.pick([400, 500])
        for _ in 0..<random.pick([0, 0, 1, 3]) {
            let from = span * random.unit()
            let length = span * random.pick([0.02, 0.2, 1])
            let mode: EndpointPlan.Mode = random.pick([
                .refusing, .refusing, .answering(500), .answering(401), .answering(410), .hanging, .throttling(retryAfter: .seconds(7)),
                .throttling(retryAfter: .seconds(100)), .slow(.seconds(3)), .answering(503),
            ])
            plan.phases.append(EndpointPlan.Phase(from: from, until: from + length, mode))
        }
        return plan
    }

    private static func event(_ scenario: Scenario, _ random: inout Random) -> Event {
        let replica = random.int(0...scenario.mostReplicas - 1)
        let subscription = random.int(0...scenario.subscriptions.count - 1)
        switch random.int(0...11) {
        case 10: return .remove(subscription: subscription, for: .seconds(Int64(random.int(6...30))))
        case 11: return .edit(subscription: subscription)
        case 0, 1: return .crash(replica: replica, downFor: .seconds(Int64(random.int(7...20))))
        case 2, 3: return .restart(replica: replica)
        case 4: return .join(replica: replica)
        case 5: return .leave(replica: replica)
        case 6: return .evict(replica: replica)
        default:
            let fault = random.pick([BrokerFault.commitsFail, .commitsSlow, .producesFail, .producesSlow, .fetchesSlow])
            return .broker(fault, for: .seconds(Int64(random.int(1...30))))
        }
    }
}
