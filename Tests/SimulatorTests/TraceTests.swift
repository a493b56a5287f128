import EventModel
import Simulator
import Testing

@Suite struct TraceTests {
    /// One record, one subscription.
    private var scenario: Scenario {
        var scenario = Scenario(seed: 1)
        var topic = Scenario.Topic(name: "shop.orders", partitions: 1)
        topic.backlog = 1
        scenario.topics = [topic]
        var policy = Subscription(name: "billing", topic: topic.name, endpoint: "http://billing")
        policy.start = .earliest
        scenario.subscriptions = [policy]
        scenario.endpoints = [EndpointPlan()]
        return scenario
    }

    private func story(of scenario: Scenario) -> [TraceLine] {
        var lines: [TraceLine] = []
        _ = Simulation(scenario) { lines.append($0) }.run()
        return lines
    }

    @Test func `the trace tells an event's way in words`() {
        let told = story(of: scenario)
            .filter { ["startReading", "attempt", "attemptEnded"].contains($0.what) && !$0.text.hasPrefix("fanfare.retry") }
        #expect(told.map(\.what) == ["startReading", "attempt", "attemptEnded"])
        #expect(told[0].text == "shop.orders-0@0")
        #expect(told[1].text == "request 0 to billing: shop.orders-0@0, attempt 1")
        #expect(told[2].text.hasPrefix("request 0: HTTP 200 after "))
        #expect(told.allSatisfy { $0.replica == 0 })
    }

    @Test func `what the world does is told, too`() throws {
        var scenario = scenario
        scenario.events = [(.seconds(2), .crash(replica: 0, downFor: .seconds(8)))]
        let crash = try #require(story(of: scenario).first { $0.what == "crash" })
        #expect(crash.replica == 0)
        #expect(crash.at >= .seconds(2))
    }

    @Test func `lines are aligned, with the time in seconds`() {
        let line = TraceLine(at: TimeSpan(nanoseconds: 12_034_567_890), replica: 2, what: "commit", text: "billing on shop.orders-0: 5")
        #expect("\(line)" == "   12.034567  replica 2  commit           billing on shop.orders-0: 5")
        #expect("\(TraceLine(at: .zero, replica: nil, what: "heal", text: ""))" == "    0.000000  world      heal")
    }

    @Test func `whoever listens does not change what happens`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let heard = Simulation(.random(seed: seed)) { _ in }.run()
            #expect(heard.digest == Simulation(.random(seed: seed)).run().digest)
        }
    }

    @Test func `whatever happens otherwise changes the digest`() {
        let digests = (1...200 as ClosedRange<UInt64>).map { Simulation(.random(seed: $0)).run().digest }
        #expect(Set(digests).count == digests.count)
        var slower = scenario
        slower.endpoints[0].latency = 30...40
        #expect(Simulation(slower).run().digest != Simulation(scenario).run().digest)
    }
}
