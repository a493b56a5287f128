import DeliveryCore
import EventModel
import Testing

/// Many cursors on one partition: who waits for whom until they are loaded, and how often the log is read for those that lag.
@Suite struct LoadingTests {
    private func loading(_ names: [String]) -> Engine {
        let engine = Engine()
        engine.step(.subscriptions(names.map { subscription($0) }))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        return engine
    }

    @Test func `who is loaded waits for the others, but not for one that cannot be loaded`() {
        let engine = loading(["billing", "search", "forbidden"])
        #expect(engine.loaded(0, 5) == [])
        #expect(engine.loaded(1, 5) == [])
        #expect(engine.wait(.milliseconds(1999)) == [])
        #expect(engine.wait(.milliseconds(1)) == ["read orders-0 from 5"])
        #expect(engine.records([5], slots: [0]) == ["attempt #0 billing orders-0@5 try 1"])
    }

    @Test func `when nobody is loaded in time, the first one begins`() {
        let engine = loading(["billing", "search"])
        #expect(engine.wait(.seconds(5)) == [])
        #expect(engine.loaded(1, 7) == ["read orders-0 from 7"])
    }

    @Test func `a cursor that comes late and is behind reads back`() {
        let engine = loading(["billing", "late"])
        engine.loaded(0, 5)
        engine.wait(.seconds(2))
        #expect(engine.loaded(1, 3) == ["read back orders-0 3..<5"])
        #expect(engine.chunk([3, 4], slots: [1], until: 5) == ["attempt #0 late orders-0@3 try 1", "attempt #1 late orders-0@4 try 1"])
    }

    @Test func `a cursor that comes late and is ahead does not read what it has behind it`() {
        let engine = loading(["lagging", "late"])
        engine.loaded(0, 5)
        engine.wait(.seconds(2))
        #expect(engine.records([5], slots: [0, 1]) == ["attempt #0 lagging orders-0@5 try 1"])
        #expect(engine.loaded(1, 1000) == ["read orders-0 from 1000", "read back orders-0 6..<1000"])
        #expect(engine.records([1000], slots: [1]) == ["attempt #1 late orders-0@1000 try 1"])
        #expect(engine.chunk([6], slots: [0], until: 1000) == ["attempt #2 lagging orders-0@6 try 1"])
        #expect(engine.records([1001], slots: [0]) == ["attempt #3 lagging orders-0@1001 try 1"])
    }

    @Test func `a cursor that comes late and reads nothing leaves the head of the log where it is`() {
        let engine = loading(["billing", "paused"])
        engine.step(.pause(SubscriptionID(index: 1)))
        engine.loaded(0, 5)
        engine.wait(.seconds(2))
        #expect(engine.loaded(1, 1000) == [])
        #expect(engine.records([5], slots: [0]) == ["attempt #0 billing orders-0@5 try 1"])
    }

    @Test func `who lags less has a turn before who lags most has caught up`() {
        let engine = loading(["head", "far", "near"])
        engine.loaded(0, 1000)
        engine.loaded(1, 0)
        #expect(engine.loaded(2, 900).contains("read back orders-0 0..<1000"))
        let chunks = (0..<4).map { n in engine.chunk([Int64(n)], slots: [], until: Int64(n) + 1).filter { $0.hasPrefix("read back") } }
        #expect(chunks.joined().contains { $0.hasPrefix("read back orders-0 900") }, "\(chunks)")
    }

    @Test func `cursors that lag by different lengths soon read the same chunks`() {
        let count = 40
        let engine = loading((0..<count).map { "subscription-\($0)" })
        // The later its turn, the further behind.
        var effects: [String] = []
        for i in 0..<count { effects = engine.loaded(i, Int64(count - 1 - i) * 100) }
        #expect(effects.first == "read orders-0 from 3900")
        var chunks = 0
        while let line = effects.first(where: { $0.hasPrefix("read back") }) {
            chunks += 1
            let from = Int64(line.dropFirst("read back orders-0 ".count).prefix { $0 != "." })!
            effects = engine.chunk([from], slots: [], until: min(from + 100, 3900))
        }
        // Each by itself: 780.
        #expect(chunks <= 2 * count)
    }

    @Test func `partitions are asked for with one request for each subscription, however many they are`() {
        let engine = Engine()
        engine.step(.subscriptions((0..<1000).map { subscription("subscription-\($0)") }))
        let effects = engine.step(.assigned((0..<24).map { TopicPartitionName(topic: "orders", partition: $0) }))
        #expect(effects.count == 1000)
        #expect(effects.allSatisfy { $0.hasPrefix("load ") && $0.hasSuffix(" orders-23") })
    }
}
