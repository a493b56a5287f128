import DeliveryCore
import EventModel

extension Scenario {
    /// A scenario that the seed alone decides: small enough to run in milliseconds; mixed from those features that the
    /// seed switches on, so that thousands of them meet much.
    public static func random(seed: UInt64) -> Scenario {
        var random = Random(seed: seed ^ 0x5EED)
        var scenario = plain(seed, &random)
        let share = random.pick([0.15, 0.3, 0.5])
        for feature in Feature.all {
            var random = Random(seed: seed ^ UInt64(bitPattern: Trace.word(feature.name)))
            guard random.chance(share) else { continue }
            scenario.features.append(feature.name)
            feature.draw(&scenario, &random)
        }
        scenario.events.sort { $0.at < $1.at }
        return scenario
    }

    /// Topics, subscriptions and replicas, and nothing that goes wrong.
    private static func plain(_ seed: UInt64, _ random: inout Random) -> Scenario {
        var scenario = Scenario(seed: seed)
        scenario.faultsFor = .seconds(Int64(random.int(20...120)))
        scenario.core.lanes = [.seconds(1), .seconds(5), .seconds(30)]
        scenario.core.longestRetryAfter = .seconds(30)
        scenario.core.longestProbe = .seconds(Int64(random.pick([5, 60])))
        for i in 0..<random.int(1...2) {
            var topic = Topic(name: "topic-\(i)", partitions: random.int(1...4))
            topic.live = random.pick([10, 60])
            topic.types = ["order.created", "order.paid", "user.left"]
            topic.bytes = 50...200
            scenario.topics.append(topic)
        }
        for i in 0..<random.int(1...6) {
            let topic = random.pick(scenario.topics)
            var policy = Subscription(name: "subscription-\(i)", topic: topic.name, endpoint: "http://\(i)")
            policy.start = .earliest
            policy.retry.schedule = [.seconds(1), .seconds(5), .seconds(30)]
            policy.retry.giveUpAfter = .hours(1)
            scenario.subscriptions.append(policy)
            scenario.endpoints.append(EndpointPlan())
        }
        scenario.replicas = random.int(1...3)
        return scenario
    }
}
