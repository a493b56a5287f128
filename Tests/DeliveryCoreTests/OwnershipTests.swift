import DeliveryCore
import EventModel
import Testing

@Suite struct OwnershipTests {
    @Test func `a revoked partition goes when its requests have ended and its cursors are committed`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.step(.revoking([engine.orders])) == [])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        #expect(engine.committed(0) == ["release 0", "released orders-0"])
    }

    @Test func `a partition with nothing to finish goes at once`() {
        let engine = Engine.reading([subscription("billing")])
        #expect(engine.step(.revoking([engine.orders])) == ["released orders-0"])
    }

    @Test func `a request that does not end in time is given up, and its event left to the next owner`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        engine.step(.revoking([engine.orders]))
        #expect(engine.wait(.seconds(25)) == ["drain timed out orders-0 1", "cancel #0", "released orders-0"])
        #expect(engine.step(.attemptEnded(DeliveryID(index: 0), AttemptOutcome(failure: .network, message: "cancelled"), duration: .zero)) == ["release 0"])
    }

    @Test func `a refused batch does not hold up a partition that is being given up`() {
        let engine = Engine.reading([subscription("billing") { $0.batch = BatchPolicy(); $0.batch!.maxEvents = 2 }])
        engine.records([0, 1])
        engine.step(.revoking([engine.orders]))
        #expect(engine.ended(0, 400) == ["release 0", "released orders-0", "release 1"])
    }

    @Test func `a failed event of a partition that is being given up is left to the next owner`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        engine.step(.revoking([engine.orders]))
        #expect(engine.ended(0, 500) == ["release 0", "released orders-0"])
    }

    @Test func `nothing is committed for a partition that was lost`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.step(.lost([engine.orders])) == [])
        #expect(engine.ended(0, 200) == ["release 0"])
        #expect(engine.wait(.minutes(1)) == [])
    }

    @Test func `a partition that comes back waits for a commit of its former life before it is loaded`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        engine.ended(0, 200)
        engine.step(.lost([engine.orders]))
        #expect(engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)])) == [])
        #expect(engine.committed(0) == ["load billing on orders-0"])
    }

    @Test func `a partition that comes back and goes again is let go when the commit of its former life has ended`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        engine.ended(0, 200)
        engine.step(.lost([engine.orders]))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        #expect(engine.step(.revoking([PartitionHandle(index: 1)])) == [])
        #expect(engine.committed(0, succeeded: false) == ["released orders-0"])
    }

    @Test func `a partition that is given up does not wait for the next try of a diversion that was refused`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.ended(0, 400) == ["divert #0 billing orders-0@0 to dead letters: http"])
        #expect(engine.step(.diversionFailed(DiversionID(index: 0), .refused("no"))) == ["diversion failed billing: no"])
        #expect(engine.step(.revoking([engine.orders])) == ["release 0", "released orders-0"])
        #expect(engine.wait(.minutes(1)) == [])
    }

    @Test func `a removed subscription's last commit is sent, and the others go on`() {
        let engine = Engine.reading([subscription("billing"), subscription("search")])
        engine.records([0], slots: [0, 1])
        engine.records([1], slots: [0])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        engine.committed(0)
        engine.ended(2, 200)
        #expect(engine.step(.subscriptions([subscription("search")])) == ["commit billing orders-0@2"])
        #expect(engine.ended(1, 200) == ["release 0", "commit search orders-0@2"])
    }

    @Test func `in doubt about its membership nothing goes out, and after that everything`() {
        let engine = Engine.reading([subscription("billing") { $0.delivery.maxInFlight = 2; $0.retry.schedule = [.minutes(1)] }])
        engine.records([0, 1, 2])
        #expect(engine.step(.membershipDoubted) == [])
        #expect(!engine.wantsRecords)
        // One is delivered, one fails: neither a commit nor a retry record nor another attempt.
        #expect(engine.ended(0, 200) == [])
        #expect(engine.ended(1, 500) == [])
        #expect(engine.wait(.seconds(20)) == [])
        let settled = engine.step(.membershipSettled)
        #expect(settled == ["divert #0 billing orders-0@1 to retry partition 2 in 40s: http", "attempt #1 billing orders-0@2 try 1", "commit billing orders-0@1"])
        #expect(engine.wantsRecords)
    }

    @Test func `when the group did go on, what was decided in doubt is left to the next owner`() {
        let engine = Engine.reading([subscription("billing") { $0.retry.schedule = [.minutes(1)] }])
        engine.records([0, 1])
        engine.step(.membershipDoubted)
        engine.ended(0, 200)
        engine.ended(1, 500)
        engine.step(.lost([engine.orders]))
        #expect(engine.step(.membershipSettled) == ["release 1"])
        #expect(engine.wait(.hours(1)) == [])
    }

    @Test func `a subscription that comes back waits for the last commit of its former life`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        #expect(engine.step(.subscriptions([])) == [])
        #expect(engine.step(.subscriptions([subscription("billing")])) == [])
        #expect(engine.committed(0) == ["load billing on orders-0"])
    }

    @Test func `a subscription that came back and was removed at once does not hide the commit of its first life`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        for _ in 0..<2 {
            #expect(engine.step(.subscriptions([])) == [])
            #expect(engine.step(.subscriptions([subscription("billing")])) == [])
        }
        #expect(engine.committed(0) == ["load billing on orders-0"])
    }

    @Test func `what was settled during the last commit of a removed subscription is committed after it`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0, 1])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        engine.ended(1, 200)
        #expect(engine.step(.subscriptions([])) == [])
        #expect(engine.step(.subscriptions([subscription("billing")])) == [])
        #expect(engine.committed(0) == ["commit billing orders-0@2"])
        #expect(engine.committed(0) == ["load billing on orders-0"])
    }

    @Test func `what a subscription settled that is removed in doubt is committed when there is no more doubt`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        engine.step(.membershipDoubted)
        engine.ended(0, 200)
        #expect(engine.step(.subscriptions([])) == [])
        #expect(engine.step(.subscriptions([subscription("billing")])) == [])
        #expect(engine.step(.membershipSettled) == ["commit billing orders-0@1"])
        #expect(engine.committed(0) == ["load billing on orders-0"])
    }

    @Test func `what a removed subscription settled is not committed for a partition that was lost meanwhile`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0, 1])
        engine.ended(0, 200)
        engine.ended(1, 200)
        engine.step(.subscriptions([]))
        engine.step(.lost([engine.orders]))
        #expect(engine.committed(0) == [])
        #expect(engine.wait(.minutes(1)) == [])
    }
}
