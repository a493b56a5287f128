import DeliveryCore
import EventModel
import Testing

/// What is settled out of order goes into the commit's metadata, which is short. Six bytes are reckoned for a run; only
/// with millions of offsets between two records does one need more.
@Suite struct FullCursorTests {
    /// Room for 18 bytes, three times six.
    private static func engine() -> Engine {
        var options = CoreOptions()
        options.metadataLimit = 26
        return Engine.reading([subscription("a")], options)
    }

    @Test func `a cursor takes no more events than its metadata can keep apart`() {
        let engine = Self.engine()
        #expect(engine.records(Array(0..<6)).filter { $0.hasPrefix("attempt") }.count == 3)
        #expect(engine.ended(1, 200).contains("attempt #1 a orders-0@3 try 1"))
    }

    @Test func `what was settled before the start and lies behind makes room for more`() {
        var options = CoreOptions()
        options.metadataLimit = 26
        let engine = Engine(options)
        engine.step(.subscriptions([subscription("a")]))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        // 2 and 4 are settled.
        engine.loaded(0, 0, "1:AgEBAQ")
        engine.records([0, 1, 3, 5, 6])
        #expect(engine.ended(0, 200).filter { $0.hasPrefix("attempt") } == ["attempt #0 a orders-0@1 try 1"])
        #expect(engine.committed(0).contains("attempt #1 a orders-0@3 try 1"))
    }

    @Test func `a cursor that is full says so, takes nothing, and goes on when its oldest event is settled`() {
        let engine = Self.engine()
        // What is settled beyond the first takes seven bytes, and what is settled beyond the third twelve.
        let offsets = (0..<6 as Range<Int64>).map { $0 << 40 }
        engine.records(offsets)
        #expect(engine.ended(1, 200).contains { $0.hasPrefix("commit a orders-0@0 1:") })
        engine.committed(0)
        #expect(engine.ended(1, 200) == ["attempt #1 a orders-0@\(offsets[4]) try 1"])
        // There is nothing to commit that fits and is not there already.
        #expect(engine.wait(.milliseconds(100)) == ["full a orders-0"])
        #expect(!engine.ended(1, 200).contains { $0.hasPrefix("attempt") })
        let onwards = engine.ended(0, 200) + engine.wait(.milliseconds(100))
        #expect(onwards.contains { $0.hasPrefix("commit a orders-0@\(offsets[2]) 1:") })
        #expect(onwards.contains { $0.hasPrefix("attempt") && $0.contains("orders-0@\(offsets[5]) ") })
        #expect(!onwards.contains("full a orders-0"))
    }

    @Test func `not even one run may fit`() {
        let (text, complete) = CursorMetadata.encode(base: 0, settled: [1..<1 << 40], limit: 8)
        #expect(text == "")
        #expect(!complete)
    }

    @Test func `a run that just fits is kept`() {
        // The three bytes of this run are four characters, behind `1:`.
        #expect(CursorMetadata.encode(base: 0, settled: [1..<201], limit: 6) == ("1:AcgB", true))
        #expect(CursorMetadata.encode(base: 0, settled: [1..<201], limit: 5) == ("", false))
    }

    @Test func `offsets that do not exist are refused`() {
        let (text, _) = CursorMetadata.encode(base: 0, settled: [1 << 60..<(1 << 60) + 1], limit: 100)
        #expect(CursorMetadata.decode(base: 1 << 61, text) != nil)
        #expect(CursorMetadata.decode(base: .max - 5, text) == nil)
        let (length, _) = CursorMetadata.encode(base: 0, settled: [1..<1 << 60], limit: 100)
        #expect(CursorMetadata.decode(base: .max - 5, length) == nil)
    }
}
