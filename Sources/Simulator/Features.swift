import DeliveryCore
import EventModel

extension Feature {
    /// Everything that a seed may switch on, in the order in which it is drawn.
    static let all: [Feature] = records + options + policies + answers + faults

    /// What is produced.
    private static let records: [Feature] = [
        .topics("backlog") { topic, random in topic.backlog = random.pick([20, 150]) },
        .topics("offset gaps") { topic, random in topic.gaps = random.pick([0.05, 0.5]) },
        .topics("records that are no events") { topic, _ in topic.poison = 0.02 },
        .topics("large records") { topic, _ in topic.bytes = 100...3000 },
    ]

    /// What the engine is told.
    private static let options: [Feature] = [
        .option("few lanes") { options, random in options.lanes = random.pick([[.seconds(5)], [.seconds(1), .seconds(2), .seconds(10), .minutes(2)]]) },
        .option("more partitions in a lane") { options, _ in options.partitionsPerLane = 2 },
        .option("little memory") { options, random in options.recordMemory = random.pick([100_000, 1_000_000]) },
        .option("a short ring") { options, random in options.ringBytes = random.pick([5_000, 50_000]) },
        .option("small chunks") { options, random in options.chunkBytes = random.pick([2_000, 20_000]) },
        .option("short queues") { options, random in options.lookahead = random.pick([4, 32]) },
        .option("few retries in memory") { options, random in options.retriesInMemory = random.pick([5, 100]) },
        .option("short metadata") { options, random in options.metadataLimit = random.pick([24, 100]) },
        .option("few requests in flight") { options, random in options.maxInFlight = random.pick([3, 50]) },
        .option("few commits") { options, random in
            options.commitsPerSecond = random.pick([5, 200])
            options.commitInterval = .milliseconds(Int64(random.pick([10, 1000])))
        },
        Feature("small fetches") { scenario, random in scenario.fetchBytes = random.pick([2_000, 100_000]) },
    ]

    /// What manifests ask for.
    private static let policies: [Feature] = [
        .subscriptions("start at the end") { policy, _ in policy.start = .latest },
        .subscriptions("filters") { policy, random in
            policy.filters = random.pick([
                [.prefix([AttributeOperand(attribute: "type", operand: "order.")])],
                [.not(.exact([AttributeOperand(attribute: "type", operand: "order.paid")]))],
            ])
        },
        .subscriptions("few requests to an endpoint") { policy, random in policy.delivery.maxInFlight = random.pick([1, 4]) },
        .subscriptions("short timeouts") { policy, random in policy.delivery.timeout = .seconds(Int64(random.pick([1, 5]))) },
        .subscriptions("other schedules") { policy, random in
            policy.retry.schedule = random.pick([[.milliseconds(100), .seconds(1), .seconds(2)], [.seconds(5), .minutes(1)], []])
        },
        .subscriptions("giving up early") { policy, random in policy.retry.giveUpAfter = .seconds(Int64(random.pick([60, 600]))) },
        .subscriptions("a small diversion budget") { policy, random in
            policy.diversion.burst = random.pick([2, 10])
            policy.diversion.perSuccess = random.pick([0.2, 1])
        },
        .subscriptions("drops") { policy, random in policy.deadLetter.drop = random.chance(0.3) },
        .subscriptions("batches") { policy, random in
            var batch = BatchPolicy()
            batch.maxEvents = random.int(2...20)
            batch.maxBytes = random.pick([1000, 1 << 20])
            batch.maxWait = .milliseconds(Int64(random.pick([0, 100, 2000])))
            policy.batch = batch
        },
    ]

    /// What endpoints do.
    private static let answers: [Feature] = [
        .endpoints("slow answers") { plan, _, random in plan.latency = random.pick([10...100, 100...3000]) },
        .endpoints("failures") { plan, _, random in plan.failureRate = random.pick([0.05, 0.5]) },
        .endpoints("lost answers") { plan, _, _ in plan.lostAnswers = 0.02 },
        .endpoints("poison events") { plan, _, random in
            plan.poisonEvery = random.pick([10, 50])
            plan.poisonStatus = random.pick([400, 500])
        },
        .phase("refused connections") { _ in .refusing },
        .phase("server errors") { random in .answering(random.pick([500, 503])) },
        .phase("refusals") { _ in .answering(401) },
        .phase("gone") { _ in .answering(410) },
        .phase("hanging") { _ in .hanging },
        .phase("throttling") { random in .throttling(retryAfter: .seconds(Int64(random.pick([7, 100])))) },
        .phase("slow phases") { _ in .slow(.seconds(3)) },
    ]

    /// What goes wrong, or is done, while the replicas run.
    private static let faults: [Feature] = [
        .event("crashes") { scenario, random in
            .crash(replica: random.replica(scenario), downFor: .seconds(Int64(random.int(7...20))))
        },
        .event("restarts") { scenario, random in .restart(replica: random.replica(scenario)) },
        .event("joins") { scenario, random in .join(replica: random.replica(scenario)) },
        .event("leaves", atMost: 2) { scenario, random in .leave(replica: random.replica(scenario)) },
        .event("evictions", atMost: 2) { scenario, random in .evict(replica: random.replica(scenario)) },
        .brokerFault(.commitsFail), .brokerFault(.commitsSlow), .brokerFault(.producesFail), .brokerFault(.producesSlow),
        .brokerFault(.fetchesSlow),
        .event("removed subscriptions", atMost: 2) { scenario, random in
            .remove(subscription: random.subscription(scenario), for: .seconds(Int64(random.int(6...30))))
        },
        .event("edited manifests", atMost: 2) { scenario, random in .edit(subscription: random.subscription(scenario)) },
    ]

    private static func brokerFault(_ fault: Scenario.BrokerFault) -> Feature {
        .event("\(fault)", atMost: 2) { _, random in .broker(fault, for: .seconds(Int64(random.int(1...30)))) }
    }
}

extension Random {
    mutating func replica(_ scenario: Scenario) -> Int { int(0...scenario.mostReplicas - 1) }

    mutating func subscription(_ scenario: Scenario) -> Int { int(0...scenario.subscriptions.count - 1) }
}
