import DeliveryCore
import EventModel
import Testing

/// How fast an endpoint is sent to: what it can take, what its manifest allows, and who goes first.
@Suite struct PacingTests {
    @Test func `signs of overload halve what an endpoint has at once, once for all that were under way`() {
        let engine = Engine.reading([subscription("billing") { $0.delivery.maxInFlight = 8; $0.diversion.burst = 100 }])
        #expect(engine.records(Array(0..<20)).count == 8)
        // Four must end before another one may begin.
        for id in 0..<4 { #expect(!engine.ended(id, 503).contains { $0.hasPrefix("attempt") }) }
        #expect(engine.ended(4, 200).contains("attempt #4 billing orders-0@8 try 1"))
    }

    @Test func `beyond what went well before, a round of successes allows one more`() {
        let engine = Engine.reading([subscription("billing") { $0.delivery.maxInFlight = 4; $0.diversion.burst = 100 }])
        #expect(engine.records(Array(0..<20)).count == 4)
        engine.ended(0, 503)
        engine.ended(1, 503)
        // Two at once from now on, until two more have succeeded.
        #expect(engine.ended(2, 200).filter { $0.hasPrefix("attempt") }.count == 1)
        #expect(engine.ended(3, 200).filter { $0.hasPrefix("attempt") }.count == 2)
    }

    @Test func `a failure that may be the event's own changes nothing`() {
        let engine = Engine.reading([subscription("billing") { $0.delivery.maxInFlight = 2; $0.retry.schedule = [.seconds(1)] }])
        #expect(engine.records([0, 1, 2]).count == 2)
        #expect(engine.ended(0, 500) == ["attempt #0 billing orders-0@2 try 1"])
    }

    private func limited(_ perSecond: Double, _ burst: Double) -> Subscription {
        subscription("billing") {
            $0.rateLimit = RateLimit()
            $0.rateLimit!.perSecond = perSecond
            $0.rateLimit!.burst = burst
        }
    }

    @Test func `a limit lets a burst go and then one request after the other`() {
        // Nine tenths of it go with the topic's partitions, and all of those are here.
        let engine = Engine.reading([limited(10 / 0.9, 3 / 0.9)])
        #expect(engine.records(Array(0..<20)).count == 3)
        #expect(engine.wait(.milliseconds(99)) == [])
        #expect(engine.wait(.milliseconds(2)) == ["attempt #3 billing orders-0@3 try 1"])
        #expect(engine.wait(.seconds(1)).count == 10)
    }

    @Test func `of a limit over all replicas each has a share by its partitions`() {
        let engine = Engine()
        engine.step(.partitionCount(topic: "orders", 3))
        engine.step(.subscriptions([limited(10 / 0.9, 1)]))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        engine.loaded(0, 0)
        #expect(engine.records(Array(0..<20)).count == 1)
        #expect(engine.wait(.milliseconds(3100)).count == 10)
    }

    @Test func `a repeated request counts against the limit like a first one`() {
        var policy = limited(1 / 0.9, 1)
        policy.retry.schedule = [.milliseconds(100)]
        let engine = Engine.reading([policy])
        #expect(engine.records([0, 1]).count == 1)
        engine.ended(0, 500)
        #expect(engine.wait(.milliseconds(990)) == [])
        #expect(engine.wait(.milliseconds(20)) == ["attempt #0 billing orders-0@0 try 2"])
    }

    @Test func `when a process has no more room, turns go eight to four to one by priority`() {
        var options = CoreOptions()
        options.maxInFlight = 1
        let priorities: [DeliveryPriority] = [.low, .normal, .high]
        let engine = Engine.reading(priorities.map { priority in subscription("\(priority)") { $0.delivery.priority = priority } }, options)
        var turns: [Substring: Int] = [:]
        var lines = engine.records(Array(0..<200), slots: [0, 1, 2])
        for _ in 0..<130 {
            for line in lines where line.hasPrefix("attempt") { turns[line.split(separator: " ")[2], default: 0] += 1 }
            lines = engine.ended(0, 200)
        }
        #expect(turns["high", default: 0] >= 75)
        #expect((35...45).contains(turns["normal", default: 0]))
        #expect((8...12).contains(turns["low", default: 0]))
    }
}
