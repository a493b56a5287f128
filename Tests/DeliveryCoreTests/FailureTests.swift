import DeliveryCore
import EventModel
import Testing

@Suite struct FailureTests {
    @Test func `a short delay is waited out in memory, a longer one in the lane that is not longer`() {
        let engine = Engine.reading([subscription("billing") { $0.retry.schedule = [.seconds(1), .seconds(7)] }])
        engine.records([0])
        #expect(engine.ended(0, 500) == [])
        #expect(engine.wait(.milliseconds(999)) == [])
        #expect(engine.wait(.milliseconds(1)) == ["attempt #0 billing orders-0@0 try 2"])
        #expect(engine.ended(0, 500) == ["divert #0 billing orders-0@0 to retry partition 1 in 7s: http"])
        // Not settled before the broker has said so.
        #expect(engine.wait(.seconds(5)) == [])
        #expect(engine.step(.diverted(DiversionID(index: 0))) == ["commit billing orders-0@1"])
    }

    @Test func `a diversion that the broker refuses is repeated, and the cursor waits`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.ended(0, 400) == ["divert #0 billing orders-0@0 to dead letters: http"])
        #expect(
            engine.step(.diversionFailed(DiversionID(index: 0), .refused("no leader"))) == ["diversion failed billing: no leader"])
        #expect(engine.wait(.seconds(1)) == ["divert #0 billing orders-0@0 to dead letters: http"])
        #expect(engine.step(.diversionFailed(DiversionID(index: 0), .tooLarge)) == ["divert #0 billing orders-0@0 to dead letters: http"])
        #expect(engine.diversion(0).byReference)
        // What is too large is not refused: it goes as a reference.
        #expect(engine.core.snapshot().subscriptions[0].counters.diversionsRefused == 1)
    }

    @Test func `a refused connection opens the circuit, a probe closes it`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.refused(0) == ["open billing: connection refused"])
        #expect(!engine.wantsRecords)
        #expect(engine.wait(.milliseconds(1200)) == ["attempt #0 billing orders-0@0 try 2"])
        #expect(engine.ended(0, 200) == ["close billing", "commit billing orders-0@1"])
        #expect(engine.wantsRecords)
    }

    @Test func `without a token nothing is diverted and no attempt is spent, whatever the policy says of failures`() {
        let engine = Engine.reading([subscription("billing") { $0.retry.on = [.statusClass(5)]; $0.diversion.burst = 0 }])
        engine.records([0])
        #expect(engine.lacksToken(0) == ["open billing: no access token"])
        #expect(!engine.wantsRecords)
        #expect(engine.wait(.milliseconds(1200)) == ["attempt #0 billing orders-0@0 try 1"])
        #expect(engine.lacksToken(0) == [])
        #expect(engine.wait(.seconds(5)) == ["attempt #0 billing orders-0@0 try 1"])
        #expect(engine.ended(0, 200) == ["close billing", "commit billing orders-0@1"])
    }

    @Test func `while its circuit is open nothing is read, and one poison event cannot keep it open`() {
        let engine = Engine.reading([subscription("billing") { $0.diversion.burst = 0 }])
        engine.records([0])
        #expect(engine.ended(0, 400) == ["open billing: HTTP 400"])
        #expect(engine.wait(.milliseconds(1200)) == ["attempt #0 billing orders-0@0 try 2"])
        #expect(engine.ended(0, 400) == [])
        // The second probe is for a new event, which is read first.
        #expect(engine.wait(.milliseconds(2400)) == [])
        #expect(engine.wantsRecords)
        engine.records([1])
        #expect(engine.wait(.seconds(1)) == ["attempt #0 billing orders-0@1 try 1"])
        #expect(
            engine.ended(0, 200) == ["close billing", "attempt #0 billing orders-0@0 try 3", "commit billing orders-0@0 1:AQE"])
    }

    @Test func `an endpoint that refuses everything opens its circuit when the budget is spent`() {
        let engine = Engine.reading([subscription("billing") { $0.diversion.burst = 2 }])
        engine.records([0, 1, 2])
        #expect(engine.ended(0, 404 - 1) == ["divert #0 billing orders-0@0 to dead letters: http"])
        #expect(engine.ended(1, 403) == ["divert #1 billing orders-0@1 to dead letters: http"])
        #expect(engine.ended(2, 403) == ["open billing: HTTP 403"])
    }

    @Test func `Retry-After holds the whole endpoint back`() {
        let engine = Engine.reading([subscription("billing") { $0.delivery.maxInFlight = 1; $0.retry.schedule = [.seconds(1)] }])
        engine.records([0, 1])
        #expect(engine.ended(0, 429, retryAfter: .seconds(2)) == [])
        #expect(engine.wait(.milliseconds(1999)) == [])
        #expect(engine.wait(.milliseconds(1)) == ["attempt #0 billing orders-0@0 try 2"])
    }

    @Test func `410 suspends: the cursor stays, and an edited manifest goes on`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.ended(0, 410) == ["suspend billing: the endpoint answered 410 Gone", "set aside billing orders-0", "load billing on orders-0"])
        #expect(engine.loaded(0, 0) == [])
        #expect(engine.wait(.minutes(10)) == [])
        #expect(engine.step(.subscriptions([subscription("billing") { $0.endpoint = "https://example.com/new" }]))
            == ["load billing on orders-0"])
        engine.loaded(0, 0)
        #expect(engine.records([1]) == [])
        #expect(engine.chunk([0], until: 1) == ["attempt #0 billing orders-0@0 try 1", "attempt #1 billing orders-0@1 try 1"])
    }

    @Test func `a subscription that is enabled again after an outage is probed again`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        engine.refused(0)
        #expect(engine.step(.subscriptions([subscription("billing") { $0.enabled = false }])) == ["set aside billing orders-0", "load billing on orders-0"])
        engine.loaded(0, 0)
        #expect(engine.wait(.minutes(5)) == [])
        #expect(engine.step(.subscriptions([subscription("billing")])) == ["load billing on orders-0"])
        #expect(engine.loaded(0, 0) == ["read back orders-0 0..<1"])
        #expect(engine.chunk([0], until: 1) == ["attempt #0 billing orders-0@0 try 1"])
    }

    @Test func `an event older than giveUpAfter is given up, also when the budget is empty`() {
        let engine = Engine.reading([
            subscription("billing") {
                $0.diversion.burst = 0
                $0.retry.giveUpAfter = .minutes(1)
            }
        ])
        engine.records([0])
        #expect(engine.ended(0, 400) == ["open billing: HTTP 400"])
        engine.wait(.milliseconds(1200))
        engine.wait(.minutes(1))
        #expect(engine.ended(0, 400) == ["divert #0 billing orders-0@0 to dead letters: expired"])
    }
}
