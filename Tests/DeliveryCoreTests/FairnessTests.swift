import DeliveryCore
import EventModel
import Testing

@Suite struct FairnessTests {
    @Test func `endpoints that hang take half of the requests between them; the other half has a share for everybody`() {
        var options = CoreOptions()
        options.maxInFlight = 12
        let engine = Engine.reading([subscription("hanging"), subscription("stuck"), subscription("healthy")], options)
        let first = engine.records([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], slots: [0, 1])
        // Six are anybody's; beyond them each may have two, and had more.
        #expect(first.count == 6)
        let healthy = engine.records([10, 11, 12], slots: [2])
        #expect(healthy == ["attempt #6 healthy orders-0@10 try 1", "attempt #7 healthy orders-0@11 try 1"])
        #expect(engine.ended(6, 200).contains("attempt #6 healthy orders-0@12 try 1"))
    }

    @Test func `who was crowded out goes on when one of its own requests ends`() {
        var options = CoreOptions()
        options.maxInFlight = 4
        let engine = Engine.reading([subscription("hanging"), subscription("slow")], options)
        engine.records([0], slots: [0, 1])
        #expect(engine.records([1, 2], slots: [0, 1]) == [])
        #expect(engine.ended(1, 200).contains("attempt #1 slow orders-0@1 try 1"))
    }

    @Test func `large events that hang leave half of the memory to be read into`() {
        var options = CoreOptions()
        options.recordMemory = 80_000
        options.ringBytes = 1 << 20
        let engine = Engine.reading([subscription("hanging"), subscription("healthy")], options)
        for offset in 0..<40 as Range<Int64> where engine.wantsRecords { engine.records([offset], slots: [0], bytes: 4_000) }
        #expect(engine.wantsRecords)
        #expect(engine.records([100], slots: [1]).contains { $0.hasPrefix("attempt") })
    }

    /// Two requests are under way, as many as there may be, and a third subscription has none.
    private func saturated() -> Engine {
        var options = CoreOptions()
        options.maxInFlight = 2
        options.ringBytes = 1000
        let engine = Engine.reading([subscription("billing"), subscription("search"), subscription("audit")], options)
        engine.records([0], slots: [0], bytes: 100)
        engine.records([1], slots: [1], bytes: 100)
        return engine
    }

    @Test func `a process with all its requests under way does not read far ahead of them, for a second`() {
        let engine = saturated()
        engine.records([2, 3, 4, 5, 6], slots: [2], bytes: 100)
        #expect(engine.wantsRecords, "half of the ring is filled")
        engine.records([7], slots: [2], bytes: 100)
        #expect(!engine.wantsRecords)
        // What hangs must not hold up the others.
        engine.wait(.seconds(1))
        #expect(engine.wantsRecords)
        engine.records([8], slots: [2], bytes: 100)
        #expect(engine.wantsRecords, "what waits there longest has waited its second")
    }

    @Test func `a process that has room again reads on`() {
        let engine = saturated()
        engine.records([2, 3, 4, 5, 6, 7], slots: [2], bytes: 100)
        #expect(!engine.wantsRecords)
        engine.ended(0, 200)
        engine.ended(1, 200)
        #expect(engine.wantsRecords)
    }

    /// One request of `billing` is under way, as many as it may have; `search` matches nothing.
    private func besideOneThatMatchesNothing(endOfLog: Int64 = 1000, _ edit: (inout Subscription) -> Void = { _ in }) -> Engine {
        var options = CoreOptions()
        options.ringBytes = 2000
        let billing = subscription("billing") {
            $0.delivery.maxInFlight = 1
            edit(&$0)
        }
        let engine = Engine.reading([billing, subscription("search")], options)
        engine.records([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], slots: [0], endOfLog: endOfLog)
        return engine
    }

    @Test func `the head of a log does not run away from a subscription that takes all of it, for a quarter of a second`() {
        let engine = besideOneThatMatchesNothing()
        #expect(engine.wantsRecords, "half of the ring is filled")
        engine.records([10, 11], slots: [0])
        #expect(!engine.wantsRecords)
        for _ in 0..<6 { engine.ended(0, 200) }
        #expect(engine.wantsRecords, "half of them are sent")
        engine.records([12, 13, 14, 15, 16, 17], slots: [0])
        #expect(!engine.wantsRecords)
        engine.wait(.milliseconds(250))
        #expect(engine.wantsRecords, "who is slow is not waited for")
    }

    @Test func `the end of that quarter of a second is a moment to wake up at`() {
        let engine = besideOneThatMatchesNothing()
        engine.records([10, 11], slots: [0])
        let ticks = engine.ticks
        engine.wait(.milliseconds(249))
        #expect(engine.ticks == ticks)
        engine.wait(.milliseconds(1))
        #expect(engine.ticks == ticks + 1)
    }

    @Test func `what comes in now waits for nobody`() {
        let engine = besideOneThatMatchesNothing(endOfLog: 23)
        engine.records([10, 11], slots: [0])
        #expect(engine.wantsRecords, "no more than a ring's worth is left to read")
    }

    @Test func `nobody waits for a batch that waits for company`() {
        let engine = besideOneThatMatchesNothing { $0.batch = BatchPolicy() }
        engine.records([10, 11], slots: [0])
        #expect(engine.wantsRecords)
    }

    @Test func `who reads back takes whole chunks, however many there are that do not`() {
        let others = (0..<200).map { subscription("other-\($0)") }
        var options = CoreOptions()
        options.recordMemory = 100_000
        options.ringBytes = 20_000
        let engine = Engine(options)
        engine.step(.subscriptions([subscription("behind") { $0.delivery.maxInFlight = 1 }] + others))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        for i in 1...others.count { engine.loaded(i, 1000) }
        #expect(engine.loaded(0, 0).contains("read back orders-0 0..<1000"))
        // A share of its own would be one event: 100 bytes of 100,000 / 4 / 200.
        #expect(engine.chunk(Array(0..<50), until: 50) == ["attempt #0 behind orders-0@0 try 1", "read back orders-0 50..<1000"])
    }

    @Test func `records that are no events go to the dead letters a few at a time`() {
        var options = CoreOptions()
        options.poisonUnderWay = 2
        let engine = Engine.reading([subscription("billing")], options)
        #expect(engine.records([0, 1, 2, 3], poison: true).count { $0.hasPrefix("divert") } == 2)
        #expect(engine.step(.diverted(DiversionID(index: 0))).count { $0.hasPrefix("divert") } == 1)
        #expect(engine.records([4]) == ["release 0"], "it waits for those before it")
        for id in [1, 0] { engine.step(.diverted(DiversionID(index: id))) }
        #expect(engine.core.snapshot().subscriptions[0].inFlight == 1)
    }
}
