import DeliveryCore
import EventModel
import Testing

@Suite struct ControlTests {
    private let billing = SubscriptionID(index: 0)

    @Test func `a paused subscription finishes what is in flight, commits that, and takes nothing more`() {
        let engine = Engine.reading([subscription("billing") { $0.delivery.maxInFlight = 1 }])
        engine.records([0, 1])
        #expect(engine.step(.pause(billing)) == [])
        #expect(!engine.wantsRecords)
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        engine.committed(0)
        #expect(engine.wait(.minutes(10)) == [])
    }

    @Test func `a resume goes on from the cursor that Kafka holds, which may have been moved meanwhile`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0, 1, 2])
        for id in 0...2 { engine.ended(id, 200) }
        engine.committed(0)
        engine.wait(.seconds(1))
        engine.committed(0)
        engine.step(.pause(billing))
        #expect(engine.step(.resume(billing)) == ["load billing on orders-0"])
        #expect(engine.loaded(0, 1) == ["read back orders-0 1..<3"])
    }

    @Test func `a resume waits for what is in flight and for its commit`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        engine.step(.pause(billing))
        #expect(engine.step(.resume(billing)) == [])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        #expect(engine.committed(0) == ["load billing on orders-0"])
        #expect(engine.loaded(0, 1) == [])
        #expect(engine.wantsRecords)
        #expect(engine.records([1]) == ["release 0", "attempt #0 billing orders-0@1 try 1"])
    }

    @Test func `a resume ends a suspension, and the event that met it comes again`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        #expect(engine.ended(0, 410) == ["suspend billing: the endpoint answered 410 Gone", "set aside billing orders-0", "load billing on orders-0"])
        #expect(engine.step(.resume(billing)) == [])
        // The answer may be older than what an operator did before the resume.
        #expect(engine.loaded(0, 7) == ["load billing on orders-0"])
        #expect(engine.loaded(0, 0) == ["read back orders-0 0..<1"])
    }

    @Test func `a suspension that another shard met holds here too, and is not reported again`() {
        let engine = Engine.reading([subscription("billing") { $0.delivery.maxInFlight = 1 }])
        engine.records([0, 1])
        #expect(engine.step(.suspend(billing, reason: "410 elsewhere")) == [])
        #expect(!engine.wantsRecords)
        #expect(engine.ended(0, 200) == ["commit billing orders-0@1"])
        engine.committed(0)
        #expect(engine.step(.suspend(billing, reason: "410 again")) == [])
        #expect(engine.step(.resume(billing)) == ["load billing on orders-0"])
    }

    @Test func `a seek goes back once what is in flight has ended, and is committed at once`() {
        let engine = Engine.reading([subscription("billing") { $0.delivery.maxInFlight = 1 }])
        engine.records([0, 1])
        #expect(engine.ended(0, 200) == ["attempt #0 billing orders-0@1 try 1", "commit billing orders-0@1"])
        engine.committed(0)
        #expect(engine.step(.seek(billing, [engine.orders], .offset(0))) == [])
        #expect(engine.wait(.seconds(1)) == [])
        #expect(engine.ended(0, 200) == ["commit billing orders-0@2"])
        #expect(engine.committed(0) == ["placed billing orders-0@0", "read back orders-0 0..<2"])
        #expect(engine.wait(.seconds(1)) == ["commit billing orders-0@0"])
    }

    @Test func `a seek beyond what was read skips what comes before it`() {
        let engine = Engine.reading([subscription("billing")])
        #expect(engine.step(.seek(billing, [engine.orders], .start(.latest))) == ["resolve billing on orders-0 latest"])
        #expect(engine.step(.startResolved(.subscription(billing), engine.orders, offset: 2)) == ["placed billing orders-0@2", "commit billing orders-0@2"])
        #expect(engine.records([0, 1]) == ["release 0", "release 1"])
        #expect(engine.records([2]) == ["attempt #0 billing orders-0@2 try 1"])
    }

    @Test func `a seek while the cursor is being loaded wins over what is loaded`() {
        let engine = Engine()
        engine.step(.subscriptions([subscription("billing")]))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        #expect(engine.step(.seek(billing, [engine.orders], .offset(7))) == [])
        #expect(engine.loaded(0, 3) == ["read orders-0 from 7", "placed billing orders-0@7", "commit billing orders-0@7"])
    }

    @Test func `a paused cursor is committed again before its group expires, as it stands in Kafka`() {
        let engine = Engine.reading([subscription("billing")])
        engine.step(.pause(billing))
        let lines = engine.wait(.hours(13))
        #expect(lines == ["load billing on orders-0"])
        // Somebody has moved it with a tool of Kafka's.
        #expect(engine.loaded(0, 4) == ["commit billing orders-0@4"])
        #expect(engine.wait(.minutes(1)) == [])
    }

    @Test func `an event that waited for its retry in memory comes again after a seek only from its cursor`() {
        let engine = Engine.reading([subscription("billing") { $0.retry.schedule = [.seconds(1)] }])
        engine.records([0])
        #expect(engine.ended(0, 500) == [])
        #expect(engine.step(.seek(billing, [engine.orders], .offset(0))) == ["placed billing orders-0@0", "read back orders-0 0..<1", "commit billing orders-0@0"])
        #expect(engine.wait(.seconds(5)) == [])
    }

    @Test func `an event that waits in memory is not counted any more once it is left to Kafka or to another owner`() {
        for input in [Input.seek(billing, [PartitionHandle(index: 0)], .offset(0)), .lost([PartitionHandle(index: 0)])] {
            let engine = Engine.reading([subscription("billing") { $0.retry.schedule = [.seconds(1)] }])
            engine.records([0])
            engine.ended(0, 500)
            #expect(engine.core.snapshot().subscriptions[0].waiting == 1)
            engine.step(input)
            #expect(engine.core.snapshot().subscriptions[0].waiting == 0)
            engine.wait(.minutes(1))
            #expect(engine.core.snapshot().subscriptions[0].waiting == 0)
        }
    }

    // MARK: What waits in memory

    /// Memory for one event of 100 bytes to wait.
    private var scarce: CoreOptions {
        var options = CoreOptions()
        options.recordMemory = 600
        return options
    }

    @Test func `what waits for an endpoint that is down is left to Kafka when it takes more than its share of the memory`() {
        let engine = Engine.reading([subscription("billing")], scarce)
        engine.records([0, 1])
        #expect(engine.refused(0) == ["open billing: connection refused"])
        #expect(engine.refused(1) == ["set aside billing orders-0", "load billing on orders-0"])
    }

    @Test func `what waits for an endpoint that is down stays in memory as long as there is room`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0, 1])
        engine.refused(0)
        #expect(engine.refused(1) == [])
    }

    @Test func `a paused subscription holds nothing in memory`() {
        let engine = Engine.reading([subscription("billing") { $0.retry.schedule = [.seconds(1)] }])
        engine.records([0])
        engine.ended(0, 500)
        #expect(engine.step(.pause(billing)) == ["set aside billing orders-0", "load billing on orders-0"])
        #expect(engine.loaded(0, 0) == [])
        #expect(engine.wait(.seconds(10)) == [])
    }

    @Test func `events that wait for their next attempt take no more than their share of the memory`() {
        let engine = Engine.reading([subscription("billing") { $0.retry.schedule = [.seconds(1)] }], scarce)
        engine.records([0, 1])
        #expect(engine.ended(0, 500) == [])
        #expect(engine.ended(1, 500).first?.hasPrefix("divert #0 billing orders-0@1 to retry partition") == true)
    }

    @Test func `a cursor that was read anew only to be committed again does not undo an operator's move`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0])
        engine.ended(0, 200)
        engine.committed(0)
        engine.step(.pause(billing))
        #expect(engine.wait(.hours(13)) == ["load billing on orders-0"])
        // Its commit fails, and is to be repeated.
        #expect(engine.loaded(0, 1) == ["commit billing orders-0@1"])
        engine.committed(0, succeeded: false)
        #expect(engine.step(.resume(billing)) == ["load billing on orders-0"])
        #expect(engine.wait(.minutes(1)) == [])
    }

    @Test func `records that Kafka deleted do not move the cursor of a halted subscription`() {
        let engine = Engine.reading([subscription("billing") { $0.enabled = false }, subscription("search")])
        engine.step(.outOfRange(engine.orders, logStart: 5, chunk: false))
        #expect(engine.wait(.seconds(1)).filter { $0.hasPrefix("commit billing") } == [])
    }
}
