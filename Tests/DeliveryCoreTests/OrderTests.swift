import DeliveryCore
import EventModel
import Testing

@Suite struct OrderTests {
    private static func engine(_ change: (inout Subscription) -> Void = { _ in }) -> Engine {
        Engine.reading([
            subscription("a") {
                $0.delivery.ordering = .key
                $0.retry.schedule = [.seconds(5), .minutes(1)]
                change(&$0)
            }
        ])
    }

    @Test func `an event waits for those before it with its key, and for no others`() {
        let engine = Self.engine()
        #expect(engine.records([0, 1, 2, 3], keys: [7, 7, 8, 0]) == ["attempt #0 a orders-0@0 try 1", "attempt #1 a orders-0@2 try 1", "attempt #2 a orders-0@3 try 1"])
        #expect(engine.records([4], keys: [0]) == ["attempt #3 a orders-0@4 try 1"])
        #expect(engine.ended(0, 200).contains("attempt #0 a orders-0@1 try 1"))
    }

    @Test func `a failed event is parked in memory, and its key waits`() {
        let engine = Self.engine()
        engine.records([0, 1, 2], keys: [7, 7, 8])
        #expect(engine.ended(0, 500) == [])
        #expect(engine.ended(1, 200).contains { $0.hasPrefix("commit a orders-0@0 1:") })
        #expect(engine.wait(.milliseconds(4999)).filter { $0.hasPrefix("attempt") } == [])
        #expect(engine.wait(.milliseconds(1)).contains { $0.hasSuffix("a orders-0@0 try 2") })
    }

    @Test func `a dead letter lets its key go on when it is written`() {
        let engine = Self.engine { $0.retry.schedule = [] }
        engine.records([0, 1], keys: [7, 7])
        #expect(engine.ended(0, 500) == ["divert #0 a orders-0@0 to dead letters: http"])
        #expect(engine.step(.diverted(DiversionID(index: 0))).contains("attempt #0 a orders-0@1 try 1"))
    }

    @Test func `an event that is to be held is not given up before its age says so`() {
        let engine = Self.engine {
            $0.retry.schedule = []
            $0.retry.onExhausted = .hold
            $0.retry.giveUpAfter = .hours(1)
        }
        engine.records([0, 1], keys: [7, 7])
        #expect(engine.ended(0, 400) == ["held a orders-0@0: HTTP 400"])
        #expect(engine.wait(.seconds(3599)).filter { $0.hasPrefix("attempt") } == [])
        #expect(engine.wait(.seconds(1)).contains("attempt #0 a orders-0@0 try 2"))
        #expect(engine.ended(0, 400) == ["divert #0 a orders-0@0 to dead letters: expired"])
    }

    @Test func `in order by partition nothing is taken while one is under way`() {
        let engine = Self.engine { $0.delivery.ordering = .partition }
        #expect(engine.records([0, 1, 2]) == ["attempt #0 a orders-0@0 try 1"])
        #expect(engine.ended(0, 200).contains("attempt #0 a orders-0@1 try 1"))
    }

    @Test func `a batch holds events of one key in their order, and when it fails the first of each key comes again`() {
        let engine = Self.engine { $0.batch = BatchPolicy() }
        engine.records([0, 1, 2], keys: [7, 7, 8])
        #expect(engine.wait(.seconds(1)) == ["attempt #0 a orders-0@0 orders-0@1 orders-0@2 try 1"])
        engine.records([3], keys: [7])
        #expect(engine.wait(.seconds(1)) == [])
        engine.ended(0, 500)
        let next = engine.wait(.seconds(5)).filter { $0.hasPrefix("attempt") }
        #expect(next == ["attempt #0 a orders-0@0 orders-0@2 try 2"])
        #expect(engine.ended(0, 200).contains("attempt #0 a orders-0@1 try 2"))
    }

    @Test func `lines end where their bytes do, and the cursor goes on when a key does`() {
        var options = CoreOptions()
        options.recordMemory = 4000
        let engine = Engine.reading([subscription("a") { $0.delivery.ordering = .key }], options)
        // A quarter of the memory: ten records of this size.
        engine.records(Array(0..<9), keys: Array(repeating: 7, count: 9))
        #expect(engine.records([9, 10], keys: [7, 8]).filter { $0.hasPrefix("attempt") } == [])
        #expect(engine.ended(0, 200).filter { $0.hasPrefix("attempt") } == ["attempt #0 a orders-0@1 try 1", "attempt #1 a orders-0@10 try 1"])
    }

    @Test func `an order that is asked for later begins with what is read then`() {
        let engine = Engine.reading([subscription("a")])
        #expect(engine.records([0, 1], keys: [7, 7]).count == 2)
        var policy = subscription("a")
        policy.delivery.ordering = .key
        engine.step(.subscriptions([policy]))
        engine.ended(0, 200)
        engine.ended(1, 200)
        engine.committed(0)
        #expect(engine.wait(.milliseconds(100)).contains { $0.hasPrefix("commit a orders-0@2") })
        #expect(engine.committed(0).contains { $0.hasPrefix("load a") })
    }
}
