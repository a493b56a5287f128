import DeliveryCore
import EventModel
import Testing

@Suite struct FlowTests {
    @Test func `a new subscription's start is resolved, committed at once, and read from there`() {
        let engine = Engine()
        #expect(engine.step(.subscriptions([subscription("billing")])) == [])
        #expect(engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)])) == ["load billing on orders-0"])
        let billing = CursorGroup.subscription(SubscriptionID(index: 0))
        #expect(engine.step(.cursorLoaded(billing, engine.orders, .none)) == ["resolve billing on orders-0 latest"])
        #expect(engine.step(.startResolved(billing, engine.orders, offset: 7)) == ["read orders-0 from 7", "placed billing orders-0@7", "commit billing orders-0@7"])
        #expect(engine.wantsRecords)
    }

    @Test func `an event goes out, its cursor passes it, and its record is given back with the next read`() {
        let engine = Engine.reading([subscription("billing")])
        #expect(engine.records([0]) == ["attempt #0 billing orders-0@0 try 1"])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        #expect(engine.committed(0) == [])
        #expect(engine.records([], until: 1) == ["release 0"])
    }

    @Test func `a record that matches nobody is given back at once and committed in passing`() {
        let engine = Engine.reading([subscription("billing")])
        #expect(engine.records([0, 1], slots: []) == ["release 0", "release 1"])
        #expect(engine.wait(.seconds(5)) == ["commit billing orders-0@2"])
    }

    @Test func `what is settled beyond the base goes into the metadata and is not sent again`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0, 1, 2, 3])
        #expect(engine.ended(1, 200) == ["commit billing orders-0@0 1:AQE"])
        engine.committed(0)
        engine.ended(3, 200)
        #expect(engine.wait(.milliseconds(100)) == ["commit billing orders-0@0 1:AQEBAQ"])

        let next = Engine()
        next.step(.subscriptions([subscription("billing")]))
        next.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        #expect(
            next.step(.cursorLoaded(.subscription(SubscriptionID(index: 0)), next.orders, .committed(offset: 0, metadata: "1:AQEBAQ")))
                == ["read orders-0 from 0"])
        #expect(
            next.records([0, 1, 2, 3, 4]) == [
                "attempt #0 billing orders-0@0 try 1", "attempt #1 billing orders-0@2 try 1", "attempt #2 billing orders-0@4 try 1",
            ])
        #expect(next.ended(0, 200) == ["commit billing orders-0@2 1:AQE"])
        next.committed(0)
        next.ended(1, 200)
        #expect(next.wait(.milliseconds(100)) == ["commit billing orders-0@4"])
    }

    @Test func `metadata that is not ours is reported, and the events are sent again`() {
        let engine = Engine()
        engine.step(.subscriptions([subscription("billing")]))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        #expect(
            engine.step(.cursorLoaded(.subscription(SubscriptionID(index: 0)), engine.orders, .committed(offset: 5, metadata: "hello")))
                == ["bad metadata billing orders-0", "read orders-0 from 5"])
    }

    @Test func `a subscription that is behind reads back while the head goes on`() {
        let engine = Engine()
        engine.step(.subscriptions([subscription("behind"), subscription("ahead")]))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        engine.step(.cursorLoaded(.subscription(SubscriptionID(index: 0)), engine.orders, .committed(offset: 0, metadata: "")))
        #expect(
            engine.step(.cursorLoaded(.subscription(SubscriptionID(index: 1)), engine.orders, .committed(offset: 10, metadata: "")))
                == ["read orders-0 from 10", "read back orders-0 0..<10"])
        #expect(engine.records([10], slots: [0, 1]) == ["attempt #0 ahead orders-0@10 try 1"])
        let chunk = RecordBatch()
        chunk.partition = engine.orders
        chunk.isChunk = true
        chunk.records = [IncomingRecord(offset: 4, token: RecordToken(bits: 4), timestamp: engine.now, bytes: 100, matches: 1, poison: false)]
        chunk.matches = [0]
        chunk.nextOffset = 10
        // It has caught up with what the ring covers, so offset 10 comes from there.
        #expect(engine.step(.records(chunk)) == ["attempt #1 behind orders-0@4 try 1", "attempt #2 behind orders-0@10 try 1"])
    }

    @Test func `what is routed is counted when it is taken, and never less than before`() {
        let engine = Engine.reading([subscription("billing") { $0.delivery.maxInFlight = 1 }])
        engine.records([0, 1, 2])
        #expect(engine.core.snapshot().subscriptions[0].counters.routed == 1)
        // The circuit opens, and what waited is left to Kafka.
        engine.refused(0)
        #expect(engine.core.snapshot().subscriptions[0].counters.routed == 1)
    }

    @Test func `a record that is no event goes to the dead letters of every subscription`() {
        let engine = Engine.reading([subscription("billing"), subscription("search")])
        #expect(
            engine.records([0], poison: true) == [
                "divert #0 billing orders-0@0 to dead letters: poison", "divert #1 search orders-0@0 to dead letters: poison",
            ])
        #expect(engine.step(.diverted(DiversionID(index: 0))) == ["dead-lettered billing poison", "commit billing orders-0@1"])
    }

    @Test func `an event that its schema rejects goes to the dead letters of those it matches`() {
        let engine = Engine.reading([subscription("billing"), subscription("search")])
        #expect(engine.records([0], slots: [1], poison: true) == ["divert #0 search orders-0@0 to dead letters: poison"])
        #expect(engine.records([1], slots: [0]) == ["attempt #0 billing orders-0@1 try 1"])
        #expect(engine.step(.diverted(DiversionID(index: 0))) == ["dead-lettered search poison", "release 0", "commit search orders-0@2"])
    }

    @Test func `a failed commit is sent again after a pause`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        #expect(engine.committed(0, succeeded: false) == [])
        #expect(engine.wait(.milliseconds(999)) == [])
        #expect(engine.wait(.milliseconds(1)) == ["commit billing orders-0@1"])
    }

    @Test func `deleted records are reported and reading goes on where the log begins`() {
        let engine = Engine.reading([subscription("billing")])
        #expect(
            engine.step(.outOfRange(engine.orders, logStart: 30, chunk: false))
                == ["lost billing orders-0 30", "read orders-0 from 30", "commit billing orders-0@30"])
    }
}
