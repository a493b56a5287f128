import DeliveryCore
import EventModel
import Simulator
import Testing

@Suite struct ScenarioFileTests {
    @Test func `a scenario that was saved and read back is the same`() throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            let scenario = Scenario.random(seed: seed)
            let copy = try Scenario(json: scenario.json)
            #expect(copy.json == scenario.json)
            #expect(copy.description == scenario.description)
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `and goes the same way`(seed: UInt64) throws {
        let scenario = Scenario.random(seed: seed)
        let copy = try Scenario(json: scenario.json)
        #expect(Simulation(copy).run().digest == Simulation(scenario).run().digest)
    }

    @Test func `values that random scenarios do not have are saved, too`() throws {
        var scenario = Scenario.random(seed: 1)
        scenario.seed = .max
        scenario.core.drainLimit = TimeSpan(nanoseconds: 1_500_001)
        scenario.subscriptions[0].start = .time(WallTime(milliseconds: 1_700_000_000_123))
        scenario.subscriptions[0].retry.on = [.network, .status(404), .statusClass(5)]
        scenario.subscriptions[0].filters = [.any([.exact([AttributeOperand(attribute: "type", operand: "a")]), .all([])])]
        let copy = try Scenario(json: scenario.json)
        #expect(copy.seed == .max)
        #expect(copy.core.drainLimit == scenario.core.drainLimit)
        #expect(copy.subscriptions == scenario.subscriptions)
    }

    @Test func `only what differs from the default is written`() {
        var scenario = Scenario(seed: 5)
        scenario.topics = [Scenario.Topic(name: "t", partitions: 2)]
        scenario.subscriptions = [Subscription(name: "s", topic: "t", endpoint: "http://s")]
        scenario.endpoints = [EndpointPlan()]
        scenario.core.lookahead = 4
        scenario.events = [(.seconds(3), .crash(replica: 0, downFor: .seconds(8)))]
        #expect(
            scenario.description == """
                seed 5
                  engine: lookahead 4
                  t: partitions 2
                  s: topic t
                  after 3s: crash downFor 8s, replica 0
                """)
    }

    @Test(arguments: [
        ("{", "data"), (#"{"seed": 1}"#, "there is no topic"), (#"{"sead": 1}"#, "there is no “sead” in a scenario"),
        (#"{"seed": 1, "topics": [{"name": "t"}], "subscriptions": [{"topic": "u", "name": "s"}], "endpoints": [{}]}"#, "s subscribes to no topic"),
        (#"{"seed": 1, "topics": [{"name": "t"}], "subscriptions": [{"topic": "t"}], "endpoints": []}"#, "1 subscriptions, but 0 endpoints"),
        (
            #"{"seed": 1, "topics": [{"name": "t"}], "subscriptions": [{"topic": "t"}], "endpoints": [{}], "timeline": [{"at": "1s", "what": {"leave": {"replica": 9}}}]}"#,
            "an event is about replica 9"
        ),
        (
            #"{"seed": 1, "topics": [{"name": "t"}], "subscriptions": [{"topic": "t"}], "endpoints": [{}], "timeline": [{"at": "1s", "what": {"compact": {"topic": 0, "partition": 1, "share": 0.5}}}]}"#,
            "an event is about partition 1 of t"
        ),
        (#"{"faultsFor": "soon"}"#, "“soon” is no TimeSpan"), (#"{"faultsFor": "9223372036854775807us"}"#, "775807us” is no TimeSpan"),
    ])
    func `what is no scenario is refused with a reason`(file: String, reason: String) {
        let problem = #expect(throws: ScenarioProblem.self) { try Scenario(json: file) }
        #expect(problem?.description.contains(reason) == true, "\(problem?.description ?? "")")
    }

    /// A new option that the tables in Fields.swift do not list would be lost when a scenario is saved.
    @Test func `every option of the engine, and all that it looks at in a subscription, is saved`() {
        let options = Mirror(reflecting: CoreOptions()).children.compactMap(\.label)
        // The world of windows has a use for it, and is not saved.
        #expect(Set(options) == Set(Scenario.engineOptionNames).union(["sourcePlaces"]))

        let saved = Set(Scenario.subscriptionFieldNames.map { $0.prefix { $0 != "." } })
        let notTheEngines: Set<Substring> = ["description", "owner", "payload", "headers", "signing", "confidential", "auth", "handshake", "origin", "certificateAuthorities", "publicKeyPins", "transform", "headerTemplates", "labels"]
        // They have that world.
        let elsewhere: Set<Substring> = ["window", "repartitioning"]
        let fields = Mirror(reflecting: Subscription(name: "", topic: "", endpoint: "")).children.compactMap { $0.label.map { $0.drop { $0 == "_" } } }
        #expect(Set(fields) == saved.union(notTheEngines).union(elsewhere))
    }
}
