import DeliveryCore
import EventModel
import Testing

@Suite("Windows over all partitions of a topic")
struct WindowsOverTopicTests {
    private let contents = Offsets()

    private func engine(from metadata: String = "", at offset: Int64 = 0) -> Engine {
        var billing = Subscription(name: "billing", topic: "orders", endpoint: "http://a")
        billing.window = WindowPolicy(shape: .tumbling(size: .minutes(1)))
        billing.window!.scope = .topic
        billing.window!.idle = .seconds(1)
        let engine = Engine.reading([], windows: contents)
        engine.step(.subscriptions([billing]))
        engine.loaded(0, offset, metadata)
        return engine
    }

    /// An event of a source partition, at the next offset of a log with two sources.
    private func event(_ offset: Int64, of partition: Int32, at source: Int64, behind previous: Int64? = nil, time: Int64, says: Int64? = nil) -> Int64 {
        contents.events[offset] = (time, 0)
        return note(offset, .event(previous: previous), partition, source, says ?? time)
    }

    private func mark(_ offset: Int64, of partition: Int32, at source: Int64, says time: Int64? = nil, isIdle: Bool = false) -> Int64 {
        note(offset, isIdle ? .idleMark : .mark, partition, source, time)
    }

    private func note(_ offset: Int64, _ kind: SourcePlace.Kind, _ partition: Int32, _ source: Int64, _ time: Int64?) -> Int64 {
        contents.sources[offset] = SourcePlace(
            kind: kind, partition: partition, offset: source, watermark: time.map { WallTime(milliseconds: $0) }, partitions: 2)
        return offset
    }

    @Test("A window is complete when the partition that is furthest behind has come that far")
    func slowest() {
        let engine = engine()
        engine.records([event(0, of: 0, at: 0, time: 0), event(1, of: 0, at: 1, time: 600_000)])
        #expect(contents.made == [])
        engine.records([event(2, of: 1, at: 0, time: 30_000)])
        #expect(contents.made == [])
        engine.records([event(3, of: 1, at: 1, time: 70_000)])
        #expect(contents.made == ["0-60000: 0 2"])
    }

    @Test("A mark says how far a partition is to which no event belongs here; one that is idle is not waited for")
    func marks() {
        let engine = engine()
        engine.records([event(0, of: 0, at: 0, time: 0), event(1, of: 0, at: 5, time: 60_000), mark(2, of: 1, at: 8, says: 59_999)])
        #expect(contents.made == [])
        engine.records([mark(3, of: 1, at: 8, isIdle: true)])
        #expect(contents.made == ["0-60000: 0"])
    }

    @Test("What a writer writes again does not count again")
    func repetitions() {
        let engine = engine()
        engine.records([
            mark(0, of: 1, at: 0, isIdle: true), event(1, of: 0, at: 3, time: 0), event(2, of: 0, at: 4, behind: 3, time: 1), event(3, of: 0, at: 3, time: 0),
            event(4, of: 0, at: 4, behind: 3, time: 1), event(5, of: 0, at: 9, time: 60_000),
        ])
        #expect(contents.made == ["0-60000: 1 2"])
    }

    @Test("What stands behind an event that was not written counts when all of the request is written again, and its time too")
    func gaps() {
        let engine = engine()
        engine.records([
            mark(0, of: 1, at: 0, isIdle: true), event(1, of: 0, at: 3, time: 0),
            // Between them 4 is missing.
            event(2, of: 0, at: 5, behind: 4, time: 60_000), event(3, of: 0, at: 4, time: 1), event(4, of: 0, at: 5, behind: 4, time: 60_000),
        ])
        #expect(contents.made == ["0-60000: 1 3"])
    }

    @Test("A record that somebody else wrote is not counted")
    func strangers() {
        let engine = engine()
        contents.events[1] = (0, 0)
        let effects = engine.records([mark(0, of: 1, at: 0, isIdle: true), 1, event(2, of: 0, at: 0, time: 0), event(3, of: 0, at: 1, time: 60_000)])
        #expect(effects.contains { $0.hasSuffix("orders-0@1 to dead letters: poison") })
        #expect(contents.made == ["0-60000: 2"])
    }

    @Test("A record that somebody else wrote may be the first that is read")
    func strangerFirst() {
        let engine = engine()
        #expect(engine.records([0, event(1, of: 0, at: 0, time: 0)]).contains { $0.hasSuffix("orders-0@0 to dead letters: poison") })
        #expect(engine.step(.diverted(DiversionID(index: 0))).contains { $0.hasPrefix("commit billing orders-0@0 2:") })
    }

    @Test("Who takes over knows what the sources had written before the committed offset")
    func restart() throws {
        let first = engine()
        first.records([
            mark(0, of: 1, at: 0, isIdle: true), event(1, of: 0, at: 0, time: 0), event(2, of: 0, at: 1, time: 60_000), event(3, of: 0, at: 2, time: 70_000),
        ])
        let effects = first.ended(0, 200) + first.wait(.seconds(1))
        let commit = try #require(effects.first { $0.hasPrefix("commit billing orders-0@2") })
        let metadata = String(try #require(commit.split(separator: " ").last))
        #expect(metadata.hasPrefix("2:"))

        let second = engine(from: metadata, at: 2)
        second.records([2, 3, event(4, of: 0, at: 0, time: 0), event(5, of: 0, at: 2, time: 70_000), event(6, of: 0, at: 3, time: 120_000)])
        #expect(contents.made == ["0-60000: 1", "60000-120000: 2 3"])
    }

    @Test("The clock closes windows when nothing comes to any partition, and not before")
    func clock() {
        let engine = engine()
        engine.records([event(0, of: 0, at: 0, time: 0), mark(1, of: 1, at: 0, isIdle: true), mark(2, of: 0, at: 2)])
        engine.wait(.minutes(2))
        #expect((engine.endsAt(3) + engine.wait(.seconds(1))).filter { $0.hasPrefix("commit") && $0.contains("@0") } == [])
        engine.records([mark(3, of: 0, at: 2, isIdle: true)])
        #expect((engine.endsAt(4) + engine.wait(.seconds(1))).contains { $0.hasPrefix("commit billing orders-0@0") })
        engine.committed(0)
        #expect(contents.made == ["0-60000: 0"])
    }
}
