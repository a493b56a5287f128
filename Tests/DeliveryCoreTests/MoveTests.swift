import DeliveryCore
import EventModel
import Testing

/// Which cursors go elsewhere, when, and whose word counts.
@Suite struct MoveTests {
    private let billing = SubscriptionID(index: 0)

    @Test func `a resume of a subscription that runs changes nothing`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.step(.resume(billing)) == [])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        #expect(engine.committed(0) == [])
    }

    @Test func `a resume does not start what its manifest has stopped`() {
        let engine = Engine.reading([subscription("billing") { $0.enabled = false }])
        #expect(engine.step(.resume(billing)) == [])
        #expect(!engine.wantsRecords)
    }

    @Test func `a resume during an outage waits for the next probe`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        engine.refused(0)
        engine.step(.pause(billing))
        engine.loaded(0, 0)
        #expect(engine.step(.resume(billing)) == ["load billing on orders-0"])
        #expect(engine.loaded(0, 0) == [])
        #expect(engine.wait(.seconds(2)) == ["read back orders-0 0..<1"])
    }

    @Test func `the last of several seeks counts, and a resume does not undo it`() {
        let engine = Engine.reading([subscription("billing") { $0.delivery.maxInFlight = 1 }])
        engine.records([0, 1])
        engine.step(.seek(billing, [engine.orders], .offset(7)))
        engine.step(.seek(billing, [engine.orders], .offset(0)))
        engine.step(.pause(billing))
        engine.step(.resume(billing))
        engine.ended(0, 200)
        #expect(engine.committed(0).contains("placed billing orders-0@0"))
    }

    @Test func `a seek on a partition of another topic moves nobody`() {
        let engine = Engine()
        let payments = PartitionHandle(index: 1)
        engine.step(.subscriptions([subscription("billing"), subscription("audit") { $0.topic = "payments" }]))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0), TopicPartitionName(topic: "payments", partition: 0)]))
        engine.loaded(0, 0)
        engine.step(.cursorLoaded(.subscription(SubscriptionID(index: 1)), payments, .committed(offset: 5, metadata: "")))
        #expect(engine.step(.seek(billing, [payments], .offset(0))) == [])
    }

    @Test func `a seek does not wait for the cursors of others`() {
        let engine = Engine()
        engine.step(.subscriptions([subscription("billing"), subscription("search")]))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        engine.loaded(0, 0)
        #expect(engine.step(.seek(billing, [engine.orders], .offset(3))) == ["placed billing orders-0@3", "commit billing orders-0@3"])
        #expect(engine.loaded(1, 0) == ["read orders-0 from 3", "read back orders-0 0..<3"])
    }

    @Test func `a cursor that is to go elsewhere stays when its partition is given up first`() {
        let engine = Engine.reading([subscription("billing"), subscription("search")])
        engine.records([0], slots: [0, 1])
        engine.step(.seek(billing, [engine.orders], .offset(0)))
        #expect(engine.step(.revoking([engine.orders])) == [])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        #expect(engine.committed(0) == [])
        #expect(engine.ended(1, 200) == ["commit search orders-0@1"])
        #expect(engine.committed(1).last == "released orders-0")
    }

    @Test func `only cursors that have something are set aside, and those only that do not move already`() {
        let engine = Engine()
        let second = PartitionHandle(index: 1)
        engine.step(.subscriptions([subscription("billing") { $0.retry.schedule = [.seconds(1)] }]))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0), TopicPartitionName(topic: "orders", partition: 1)]))
        engine.loaded(0, 0)
        engine.step(.cursorLoaded(.subscription(billing), second, .committed(offset: 0, metadata: "")))
        engine.records([0, 1])
        engine.ended(0, 500)
        #expect(engine.step(.pause(billing)) == ["set aside billing orders-0"])
        #expect(engine.step(.resume(billing)) == ["load billing on orders-1"])
        #expect(engine.step(.pause(billing)) == [])
        #expect(engine.ended(1, 200).last == "commit billing orders-0@0 1:AQE")
    }
}
