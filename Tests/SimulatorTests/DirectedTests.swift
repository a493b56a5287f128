import DeliveryCore
import EventModel
import Simulator
import Testing

/// One topic, four partitions, subscriptions to all of it; each test bends what it is about.
private func scenario(seed: UInt64 = 1, subscriptions count: Int = 1, backlog: Int = 0, live: Int = 0) -> Scenario {
    var scenario = Scenario(seed: seed)
    var topic = Scenario.Topic(name: "shop.orders", partitions: 4)
    topic.backlog = backlog
    topic.live = live
    scenario.topics = [topic]
    for i in 0..<count {
        var policy = Subscription(name: "subscription-\(i)", topic: topic.name, endpoint: "http://\(i)")
        policy.start = .earliest
        scenario.subscriptions.append(policy)
        scenario.endpoints.append(EndpointPlan())
    }
    return scenario
}

@Suite struct DirectedTests {
    @Test func `without faults every event is delivered exactly once`() {
        let result = Simulation(scenario(subscriptions: 3, backlog: 100, live: 100)).run()
        #expect(result.violations == [])
        #expect(result.accepted == 3 * 4 * 200)
        #expect(result.repeated == 0)
        #expect(result.deadLettered == 0)
    }

    @Test func `an hour's outage with a long backlog leaves the events in their topic`() {
        var scenario = scenario(backlog: 200, live: 300)
        scenario.faultsFor = .minutes(90)
        scenario.endpoints[0].phases = [.init(from: .minutes(5), until: .minutes(65), .answering(503))]
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.deadLettered == 0)
        #expect(result.repeated == 0)
        #expect(result.accepted == 4 * 500)
        #expect(result.circuitsOpened >= 1)
        // A probe a minute, not a storm; the budget's worth of retry records and their rides from lane to lane.
        #expect(result.attempts < 4 * 500 + 400)
        #expect(result.retryRecords < 1500)
    }

    @Test func `a refused connection opens the circuit without a single diversion`() {
        var scenario = scenario(backlog: 200, live: 100)
        scenario.faultsFor = .minutes(10)
        scenario.endpoints[0].phases = [.init(from: .zero, until: .minutes(8), .refusing)]
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.retryRecords == 0)
        #expect(result.accepted == 4 * 300)
        #expect(result.repeated == 0)
    }

    @Test func `an endpoint that refuses everything keeps its topic out of the dead letters`() {
        var scenario = scenario(backlog: 200, live: 100)
        scenario.faultsFor = .hours(8)
        scenario.endpoints[0].phases = [.init(from: .zero, until: .hours(8), .answering(401))]
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.deadLettered <= 50)
        #expect(result.accepted + result.deadLettered == 4 * 300)
    }

    @Test func `one poison event among healthy ones ends in the dead letters and holds nothing up`() {
        var scenario = scenario(live: 200)
        scenario.endpoints[0].poisonEvery = 100
        scenario.endpoints[0].poisonStatus = 500
        scenario.subscriptions[0].retry.schedule = [.seconds(5), .seconds(30)]
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.circuitsOpened == 0)
        #expect(result.deadLettered > 0)
        #expect(result.accepted + result.deadLettered == 4 * 200)
        #expect(result.longestDelay[0] < .seconds(1))
    }

    @Test func `healthy subscriptions do not notice that others are dead, slow or hanging`() {
        var scenario = scenario(subscriptions: 6, live: 200)
        scenario.endpoints[0].phases = [.init(from: .zero, until: .seconds(60), .refusing)]
        scenario.endpoints[1].phases = [.init(from: .zero, until: .seconds(60), .hanging)]
        scenario.endpoints[2].phases = [.init(from: .zero, until: .seconds(60), .slow(.seconds(10)))]
        scenario.endpoints[3].phases = [.init(from: .zero, until: .seconds(60), .throttling(retryAfter: .seconds(20)))]
        scenario.core.ringBytes = 20_000
        scenario.core.recordMemory = 2_000_000
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.longestDelay[4] < .seconds(1))
        #expect(result.longestDelay[5] < .seconds(1))
    }

    @Test func `a hanging subscription that was behind does not use up the memory that others need`() {
        var scenario = scenario(subscriptions: 2, backlog: 8, live: 400)
        scenario.core.ringBytes = 10_000
        scenario.core.chunkBytes = 5_000
        scenario.core.recordMemory = 250_000
        scenario.endpoints[0].phases = [.init(from: .zero, until: .seconds(60), .slow(.seconds(14)))]
        scenario.subscriptions[0].delivery.maxInFlight = 4
        // Behind at first, then in the ring with what it read back.
        scenario.subscriptions[1].start = .latest
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.longestDelay[1] < .seconds(1))
        #expect(result.mostMemory < 150_000)
    }

    @Test func `requests under way that nearly fill the memory leave room for others`() {
        var scenario = scenario(subscriptions: 2, live: 500)
        scenario.topics[0].bytes = 1000...1000
        scenario.core.recordMemory = 100_000
        scenario.subscriptions[0].delivery.maxInFlight = 85
        scenario.endpoints[0].phases = [.init(from: .zero, until: .seconds(60), .slow(.seconds(14)))]
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.longestDelay[1] < .seconds(1))
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `a rolling restart repeats nothing`(seed: UInt64) {
        var scenario = scenario(seed: seed, subscriptions: 3, backlog: 100, live: 300)
        scenario.replicas = 3
        scenario.endpoints[1].latency = 100...3000
        scenario.endpoints[2].failureRate = 0.1
        scenario.events = [
            (.seconds(10), .restart(replica: 0)), (.seconds(22), .restart(replica: 1)), (.seconds(34), .restart(replica: 2)),
        ]
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.repeated == 0)
        #expect(result.drainTimeouts == 0)
    }

    @Test func `three replicas join and leave while events flow, and nothing is repeated`() {
        var scenario = scenario(subscriptions: 2, backlog: 50, live: 300)
        scenario.events = [
            (.seconds(5), .join(replica: 1)), (.seconds(10), .join(replica: 2)), (.seconds(20), .leave(replica: 0)),
            (.seconds(30), .leave(replica: 2)), (.seconds(40), .join(replica: 0)), (.seconds(45), .leave(replica: 1)),
        ]
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.repeated == 0)
        #expect(result.accepted == 2 * 4 * 350)
    }

    @Test func `a slow subscription falls out of the ring, reads back and catches up, while a fast one goes ahead`() {
        var scenario = scenario(subscriptions: 2, live: 600)
        scenario.core.ringBytes = 4_000
        scenario.core.chunkBytes = 8_000
        scenario.core.lookahead = 8
        scenario.endpoints[0].latency = 300...600
        scenario.subscriptions[0].delivery.maxInFlight = 2
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.repeated == 0)
        #expect(result.accepted == 2 * 4 * 600)
        #expect(result.longestDelay[0] > .seconds(60), "it was meant to be slow")
        #expect(result.longestDelay[1] < .seconds(1))
    }

    @Test func `batches carry many events in one request, and a poison one is found by halving`() {
        var scenario = scenario(backlog: 500)
        var batch = BatchPolicy()
        batch.maxEvents = 50
        scenario.subscriptions[0].batch = batch
        scenario.endpoints[0].poisonEvery = 200
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.accepted + result.deadLettered == 4 * 500)
        #expect(result.deadLettered > 0)
        #expect(result.attempts < 4 * 500 / 5)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `crashes in the middle of everything repeat a little and lose nothing`(seed: UInt64) {
        var scenario = scenario(seed: seed, subscriptions: 3, backlog: 100, live: 200)
        scenario.replicas = 3
        scenario.endpoints[0].failureRate = 0.2
        scenario.endpoints[1].latency = 100...2000
        scenario.endpoints[2].poisonEvery = 20
        scenario.events = [
            (.seconds(2), .crash(replica: 0, downFor: .seconds(8))), (.seconds(11), .crash(replica: 1, downFor: .seconds(8))),
            (.seconds(15), .crash(replica: 2, downFor: .seconds(10))), (.seconds(30), .broker(.commitsFail, for: .seconds(5))),
            (.seconds(33), .crash(replica: 0, downFor: .seconds(7))), (.seconds(40), .broker(.producesFail, for: .seconds(10))),
            (.seconds(45), .crash(replica: 1, downFor: .seconds(7))),
        ]
        let result = Simulation(scenario).run()
        #expect(result.violations == [])
        #expect(result.crashes == 5)
    }
}
