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
        .topics("rejected events") { topic, random in topic.rejected = random.pick([0.02, 0.2]) },
        Feature("repeated events") { scenario, random in
            for i in scenario.topics.indices { scenario.topics[i].repeats = random.pick([0.05, 0.3, 0.9]) }
            for i in scenario.subscriptions.indices where random.chance(0.7) {
                var policy = DeduplicationPolicy(window: .seconds(Int64(random.pick([1, 10, 3600]))))
                policy.maxKeys = random.pick([3, 20, 100_000])
                scenario.subscriptions[i].deduplicate = policy
            }
        },
        Feature("changed deduplication") { scenario, random in
            for i in scenario.topics.indices where scenario.topics[i].repeats == 0 { scenario.topics[i].repeats = 0.3 }
            for _ in 0..<random.int(1...4) {
                let subscription = random.int(0...scenario.subscriptions.count - 1)
                let window = TimeSpan.seconds(Int64(random.pick([0, 10, 3600])))
                scenario.events.append(((scenario.faultsFor * random.unit()).wholeMilliseconds, .change(subscription: subscription, .deduplicate(window: window))))
            }
        },
        .topics("large records") { topic, _ in topic.bytes = 100...3000 },
    ]

    /// What the engine is told.
    private static let options: [Feature] = [
        .option("few lanes") { options, random in options.lanes = random.pick([[.seconds(20)], [.seconds(1), .seconds(2), .seconds(10), .minutes(2)]]) },
        .option("more partitions in a lane") { options, _ in options.partitionsPerLane = 2 },
        .option("little memory") { options, random in options.recordMemory = random.pick([100_000, 1_000_000]) },
        Feature("scarce memory") { scenario, random in
            scenario.core.recordMemory = random.pick([20_000, 60_000])
            scenario.core.chunkBytes = 2_000
            scenario.fetchBytes = 2_000
            for i in scenario.topics.indices {
                scenario.topics[i].bytes = 100...3000
                scenario.topics[i].backlog = max(50, scenario.topics[i].backlog)
            }
            for i in scenario.endpoints.indices where random.chance(0.5) { scenario.endpoints[i].latency = 100...3000 }
        },
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
        .option("several shards") { options, random in options.shards = random.pick([2, 4]) },
        .option("little patience with cursors") { options, random in options.loadPatience = .milliseconds(Int64(random.pick([0, 10, 25]))) },
        .option("short drains") { options, random in options.drainLimit = .seconds(Int64(random.pick([1, 5]))) },
        .option("idle commits") { options, random in
            options.idleCommitInterval = .seconds(Int64(random.pick([10, 40])))
            options.coldCommitInterval = .seconds(Int64(random.pick([1, 5])))
        },
        .option("longer delays in memory") { options, random in options.longestDelayInMemory = random.pick([.zero, .seconds(10)]) },
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
        .subscriptions("rate limits") { policy, random in
            var limit = RateLimit()
            limit.perSecond = random.pick([5, 50])
            limit.burst = random.pick([1, 20])
            policy.rateLimit = limit
        },
        .subscriptions("priorities") { policy, random in policy.delivery.priority = random.pick([.high, .low]) },
        .subscriptions("short timeouts") { policy, random in policy.delivery.timeout = .seconds(Int64(random.pick([1, 5]))) },
        .subscriptions("other schedules") { policy, random in
            policy.retry.schedule = random.pick([[.milliseconds(100), .seconds(1), .seconds(2)], [.seconds(5), .minutes(1)], []])
        },
        .subscriptions("giving up early") { policy, random in policy.retry.giveUpAfter = .seconds(Int64(random.pick([60, 600]))) },
        .subscriptions("a small diversion budget") { policy, random in
            policy.diversion.burst = random.pick([2, 10])
            policy.diversion.perSuccess = random.pick([0.2, 1])
        },
        Feature("order") { scenario, random in
            for i in scenario.topics.indices { scenario.topics[i].keys = random.pick([1, 3, 10]) }
            for i in scenario.subscriptions.indices where random.chance(0.6) {
                scenario.subscriptions[i].delivery.ordering = random.pick([.key, .key, .partition])
                scenario.subscriptions[i].retry.onExhausted = random.pick([.continue, .continue, .hold])
            }
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
        .phase("unavailability") { random in .unavailable(retryAfter: .seconds(Int64(random.pick([1, 10, 100])))) },
        .phase("broken connections") { _ in .resetting },
        .phase("certificates that are not trusted") { _ in .untrusted },
        .phase("denied addresses") { _ in .denied },
        .phase("redirects") { _ in .answering(302) },
        .phase("not found") { _ in .answering(404) },
        .phase("disabling") { random in .disabling(random.pick([200, 400, 500])) },
        .phase("aborting") { _ in .aborting },
        .phase("flapping") { random in .flapping(.seconds(Int64(random.pick([1, 4])))) },
        Feature("partial results") { scenario, random in
            for i in scenario.subscriptions.indices where random.chance(0.7) {
                if scenario.subscriptions[i].batch == nil { scenario.subscriptions[i].batch = BatchPolicy() }
                scenario.subscriptions[i].batch!.partialResults = true
                scenario.endpoints[i].namesFailed = true
                scenario.endpoints[i].namedRate = random.pick([0, 0.1, 0.6])
            }
        },
        .endpoints("aborted events") { plan, _, random in plan.abortEvery = random.pick([10, 50]) },
        .endpoints("uneven answers") { plan, _, random in plan.spread = random.pick([.exponential, .heavyTailed]) },
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
        .event("standstills") { scenario, random in
            .standstill(replica: random.replica(scenario), for: .milliseconds(Int64(random.pick([random.int(500...2900), random.int(3100...5900), random.int(6100...25_000)]))))
        },
        .event("crashes of all", atMost: 1) { _, random in .crashAll(downFor: .seconds(Int64(random.int(7...15)))) },
        .event("crash loops", atMost: 1) { scenario, random in .crashLoop(replica: random.replica(scenario), times: random.int(1...4)) },
        Feature("wrong clocks") { scenario, random in
            for _ in 0..<scenario.mostReplicas {
                scenario.clockOffsets.append(.milliseconds(Int64(random.pick([random.int(-2000...2000), random.int(-600_000...600_000)]))))
                scenario.clockDrifts.append(random.pick([0, 1e-4, -1e-4, 1e-2, -1e-2]))
            }
        },
        .event("clock jumps") { scenario, random in
            .clock(replica: random.replica(scenario), by: .milliseconds(Int64(random.pick([random.int(-5000...5000), random.int(-3_000_000...3_000_000)]))))
        },
        .event("pauses", atMost: 2) { scenario, random in
            .pause(subscription: random.subscription(scenario), for: .seconds(Int64(random.int(1...30))), reset: random.pick([nil, nil, .by(random.int(-50...50)), .earliest, .latest]))
        },
        .event("seeks", atMost: 2) { scenario, random in
            .seek(
                subscription: random.subscription(scenario),
                to: random.pick([.earliest, .latest, .ago(.seconds(Int64(random.int(0...60)))), .by(random.int(-50...0)), .by(random.int(0...50))]))
        },
        .event("allowed rates", atMost: 2) { scenario, random in
            .allow(subscription: random.subscription(scenario), perSecond: random.pick([0, 2, 20]))
        },
        .event("deleted records", atMost: 2) { scenario, random in
            let topic = random.int(0...scenario.topics.count - 1)
            return .retain(topic: topic, partition: random.int(0...scenario.topics[topic].partitions - 1), share: random.pick([0, 0.1, 0.7]))
        },
        .event("compaction", atMost: 2) { scenario, random in
            let topic = random.int(0...scenario.topics.count - 1)
            return .compact(topic: topic, partition: random.int(0...scenario.topics[topic].partitions - 1), share: random.pick([0.2, 0.9]))
        },
        .event("added partitions", atMost: 2) { scenario, random in .grow(topic: random.int(0...scenario.topics.count - 1)) },
        .event("failing producers", atMost: 2) { scenario, random in .producerFails(replica: random.replica(scenario)) },
        .brokerFault(.answersLost), .brokerFault(.lookupsFail), .brokerFault(.fetchesFail), .brokerFault(.away),
        .endpoints("cursors that come late") { plan, _, random in plan.cursorDelay = random.pick([1...3000, 1000...60_000]) },
        .event("changed manifests", atMost: 4) { scenario, random in
            .change(
                subscription: random.subscription(scenario),
                random.pick([
                    .maxInFlight(random.pick([1, 3, 64])), .timeout(.seconds(Int64(random.int(1...10)))),
                    .schedule(random.pick([[], [.seconds(2)], [.milliseconds(200), .seconds(3), .seconds(20)]])), .jitter(random.pick([0, 1])),
                    .giveUpAfter(.seconds(Int64(random.pick([10, 100])))), .burst(random.pick([0, 1, 20])), .drop(random.chance(0.5)),
                    .batch(random.pick([0, 2, 15])), .filter(prefix: random.pick(["order", "user", "x"])), .enabled(false), .enabled(true), .retriesNothing,
                ]))
        },
        Feature("records too large for the retry topic") { scenario, random in scenario.largestRetry = random.pick([60, 150, 1000]) },
        Feature("records too large for the dead letters") { scenario, random in scenario.largestDeadLetter = random.pick([60, 150, 1000]) },
        Feature("other options after a restart") { scenario, random in
            var core = scenario.core
            core.lanes = random.pick([[.seconds(5)], [.seconds(1), .seconds(2), .seconds(10), .minutes(2)], [.seconds(2), .seconds(20)]])
            core.partitionsPerLane = random.int(1...2)
            core.lookahead = random.pick([4, 256])
            core.retriesInMemory = random.pick([5, 500])
            scenario.laterCore = core
        },
        Feature("crowded lanes") { scenario, _ in
            scenario.core.lanes = [.seconds(5), .minutes(1)]
            scenario.core.retriesInMemory = 20
            for i in scenario.subscriptions.indices {
                scenario.subscriptions[i].retry.schedule = [.seconds(5), .seconds(40), .minutes(2)]
                scenario.endpoints[i].failureRate = 0.5
            }
        },
        // The last word: nothing happens to processes and brokers, and one endpoint at least is healthy.
        Feature("calm") { scenario, random in
            guard random.chance(0.4) else { return }
            scenario.events = []
            scenario.core.maxInFlight = 4096
            scenario.core.recordMemory = 64 << 20
            scenario.endpoints[0] = EndpointPlan()
            scenario.subscriptions[0].batch = nil
            scenario.subscriptions[0].delivery.maxInFlight = 64
            scenario.subscriptions[0].rateLimit = nil
            guard scenario.features.contains("crowded lanes") else { return }
            // Nothing else is in a retry's way than others.
            scenario.core.metadataLimit = 4096
            scenario.core.ringBytes = 4 << 20
            scenario.laterCore = nil
            scenario.clockOffsets = []
            scenario.clockDrifts = []
            for i in scenario.endpoints.indices {
                scenario.endpoints[i].phases = []
                scenario.endpoints[i].lostAnswers = 0
                scenario.endpoints[i].latency = 1...20
                scenario.endpoints[i].spread = .even
            }
        },
    ]

    private static func brokerFault(_ fault: Scenario.BrokerFault) -> Feature {
        .event("\(fault)", atMost: 2) { _, random in .broker(fault, for: .seconds(Int64(random.int(1...30)))) }
    }
}

extension Random {
    mutating func replica(_ scenario: Scenario) -> Int { int(0...scenario.mostReplicas - 1) }

    mutating func subscription(_ scenario: Scenario) -> Int { int(0...scenario.subscriptions.count - 1) }
}
