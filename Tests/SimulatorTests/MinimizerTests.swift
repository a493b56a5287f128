import DeliveryCore
import EventModel
import Simulator
import Testing

@Suite struct MinimizerTests {
    @Test func `what does not matter goes, what matters stays`() {
        var scenario = Scenario.random(seed: 3)
        scenario.topics = ["a", "b"].map { name in
            var topic = Scenario.Topic(name: name, partitions: 4)
            topic.backlog = 150
            return topic
        }
        scenario.subscriptions = (0..<6).map { Subscription(name: "s\($0)", topic: $0 < 3 ? "a" : "b", endpoint: "http://s\($0)") }
        scenario.subscriptions[4].batch = BatchPolicy()
        scenario.endpoints = Array(repeating: EndpointPlan(), count: 6)
        scenario.core.lookahead = 4
        scenario.core.metadataLimit = 24
        scenario.events = [
            (.seconds(1), .restart(replica: 0)), (.seconds(2), .edit(subscription: 1)), (.seconds(3), .edit(subscription: 4)),
            (.seconds(4), .crash(replica: 1, downFor: .seconds(20))), (.seconds(5), .edit(subscription: 4)),
        ]
        // Fails when a subscription with batches is edited, the engine's queues are short, and there are ten records.
        var minimizer = Minimizer(scenario) { candidate in
            candidate.core.lookahead == 4 && candidate.topics.contains { $0.backlog >= 10 }
                && candidate.events.contains { if case .edit(let i) = $0.what { candidate.subscriptions[i].batch != nil } else { false } }
        }
        let small = minimizer.minimized()
        #expect(small.topics.map(\.name) == ["b"])
        #expect(small.topics[0].partitions == 1)
        #expect(small.topics[0].backlog == 10)
        #expect(small.subscriptions.map(\.name) == ["s4"])
        #expect(small.endpoints.count == 1)
        #expect(small.core.lookahead == 4)
        #expect(small.core.metadataLimit == 4096)
        #expect(small.events.map { $0.what } == [.edit(subscription: 0)])
        #expect(small.features.isEmpty)
    }

    @Test func `what is left still happens`() throws {
        func crashRepeatsSomething(_ scenario: Scenario) -> Bool {
            let result = Simulation(scenario).run()
            return result.crashes > 0 && result.repeated > 0
        }
        let seed = try #require((1...200 as ClosedRange<UInt64>).first { crashRepeatsSomething(.random(seed: $0)) })
        let scenario = Scenario.random(seed: seed)
        var tries = 0
        var minimizer = Minimizer(scenario, candidatesAtMost: 300, observer: { tries = $1 }, fails: crashRepeatsSomething)
        let small = minimizer.minimized()
        #expect(crashRepeatsSomething(small))
        #expect(small.events.count == 1)
        #expect(small.subscriptions.count == 1)
        #expect(tries <= 300)
    }
}
