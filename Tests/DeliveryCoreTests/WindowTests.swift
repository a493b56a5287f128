import DeliveryCore
import EventModel
import Testing

/// Windows that hold the offsets of their events. A record's token is its offset; what it says is set beforehand.
final class Offsets: WindowContents {
    /// By offset: milliseconds, and a group.
    var events: [Int64: (time: Int64, group: Int)] = [:]
    private var open: [WindowID: [Int64]] = [:]
    private var looked: Int64 = -1
    private(set) var made: [String] = []

    var isEmpty: Bool { open.isEmpty }
    var holds = 0

    func look(at record: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> WindowedEvent {
        looked = Int64(record.bits)
        guard let event = events[looked] else { return .poison("says nothing") }
        return .event(WallTime(milliseconds: event.time), group: event.group)
    }

    /// By offset, of a repartition topic.
    var sources: [Int64: SourcePlace] = [:]
    func source(of record: RecordToken) -> SourcePlace? { sources[Int64(record.bits)] }

    func open(_ window: WindowID) { open[window] = [] }
    func add(to window: WindowID) { open[window]!.append(looked) }
    func merge(_ window: WindowID, into other: WindowID) { open[other]! += open.removeValue(forKey: window)! }

    func event(of window: WindowID, _ bounds: WindowBounds, at now: WallTime) -> IncomingRecord {
        let offsets = open[window]!.sorted().map(String.init).joined(separator: " ")
        made.append("\(bounds.start.milliseconds)-\(bounds.end.milliseconds): \(offsets)")
        return IncomingRecord(
            offset: bounds.offsets.lowerBound, token: RecordToken(bits: 1000 + UInt(made.count)), timestamp: now, bytes: 10, matches: 0, poison: false)
    }

    func discard(_ window: WindowID) { open[window] = nil }
    func bytes(of subscription: SubscriptionID) -> Int { holds }
}

@Suite("Windows")
struct WindowTests {
    let contents = Offsets()

    private func engine(
        _ shape: WindowShape, grace: TimeSpan = .zero, _ change: (inout Subscription) -> Void = { _ in }, _ options: CoreOptions = CoreOptions(),
        from metadata: String? = nil, at offset: Int64 = 0
    ) -> Engine {
        var billing = Subscription(name: "billing", topic: "orders", endpoint: "http://a")
        billing.window = WindowPolicy(shape: shape)
        billing.window!.grace = grace
        change(&billing)
        guard let metadata else { return Engine.reading([billing], options, windows: contents) }
        let engine = Engine.reading([], options, windows: contents)
        engine.step(.subscriptions([billing]))
        engine.loaded(0, offset, metadata)
        return engine
    }

    /// Records from an offset on: times in milliseconds, all of one group unless told otherwise.
    private func come(_ engine: Engine, from first: Int64 = 0, _ times: [Int64], groups: [Int] = []) -> [String] {
        for (i, time) in times.enumerated() { contents.events[first + Int64(i)] = (time, groups.isEmpty ? 0 : groups[i]) }
        return engine.records((0..<times.count).map { first + Int64($0) })
    }

    private static let minute = WindowShape.tumbling(size: .minutes(1))

    @Test("A window is delivered when an event comes that lies beyond it, as one event that settles all of it")
    func tumbling() {
        let engine = engine(Self.minute)
        #expect(come(engine, [0, 10_000, 59_999]) == ["release 0", "release 1", "release 2"])
        #expect(come(engine, from: 3, [60_000]) == ["release 3", "attempt #0 billing orders-0@0 try 1"])
        #expect(contents.made == ["0-60000: 0 1 2"])
        let effects = engine.ended(0, 200) + engine.wait(.seconds(1))
        #expect(effects.contains("release 1001") && effects.contains { $0.hasPrefix("commit billing orders-0@3") })
    }

    @Test("Events of a window's time that come before its grace is over still count; later ones are late")
    func grace() {
        let engine = engine(Self.minute, grace: .seconds(5))
        _ = come(engine, [59_000, 64_999, 30_000])
        #expect(contents.made == [])
        let effects = come(engine, from: 3, [65_000, 30_001])
        #expect(contents.made == ["0-60000: 0 2"])
        #expect(effects.contains { $0.hasSuffix("orders-0@4 to dead letters: window-late") })
    }

    @Test("An event is in every hopping window around it", arguments: [(TimeSpan.seconds(60), TimeSpan.seconds(20)), (.seconds(50), .seconds(20))])
    func hopping(size: TimeSpan, hop: TimeSpan) {
        let engine = engine(.hopping(size: size, hop: hop))
        _ = come(engine, [65_000, 200_000])
        for id in 0..<3 { engine.ended(id, 200) }
        let ends = size == .seconds(60) ? [80, 100, 120] : [70, 90, 110]
        let starts = size == .seconds(60) ? [20, 40, 60] : [20, 40, 60]
        #expect(contents.made == zip(starts, ends).map { "\($0)000-\($1)000: 0" })
    }

    @Test("A session goes on until nothing comes for its gap; one event between two makes them one")
    func sessions() {
        let engine = engine(.session(gap: .seconds(10), max: .hours(1)), grace: .seconds(60))
        _ = come(engine, [100_000, 115_000, 108_000, 130_000, 300_000])
        engine.ended(0, 200)
        #expect(contents.made == ["100000-125000: 0 1 2", "130000-140000: 3"])
    }

    @Test("No session crosses a multiple of its greatest length")
    func longSessions() {
        let engine = engine(.session(gap: .seconds(10), max: .minutes(1)))
        _ = come(engine, [55_000, 59_000, 61_000, 65_000, 200_000])
        engine.ended(0, 200)
        #expect(contents.made == ["55000-60000: 0 1", "61000-75000: 2 3"])
    }

    @Test("Windows of different groups are different windows, delivered in the order in which they end and began")
    func groups() {
        let engine = engine(Self.minute)
        _ = come(engine, [0, 1, 2, 3, 60_000], groups: [7, 8, 7, 8, 7])
        #expect(contents.made == ["0-60000: 0 2", "0-60000: 1 3"])
    }

    @Test("Of a window whose delivery failed nothing is settled; it is tried again, and dead-lettered as it is")
    func failures() {
        let engine = engine(Self.minute) { $0.retry.schedule = [] }
        _ = come(engine, [0, 60_000])
        #expect(engine.ended(0, 500).contains { $0.hasPrefix("divert") && $0.hasSuffix("to dead letters: http") })
        #expect(!engine.wait(.seconds(1)).contains { $0.hasPrefix("commit") })
        let effects = engine.step(.diverted(DiversionID(index: 0))) + engine.wait(.seconds(1))
        #expect(effects.contains { $0.hasPrefix("commit billing orders-0@1") })
    }

    /// The words of a commit that has a settled window beyond its offset.
    private func commitBehindBase() throws -> [Substring] {
        let engine = engine(Self.minute, grace: .seconds(10))
        // The last one makes the first window complete; of the second it has one event before the first one's last.
        _ = come(engine, [0, 62_000, 5000, 71_000], groups: [1, 1, 2, 1])
        let effects = engine.ended(0, 200) + engine.wait(.seconds(1))
        return try #require(effects.first { $0.hasPrefix("commit") }).split(separator: " ")
    }

    @Test("A restart computes what was open again, and leaves out what was settled")
    func restart() throws {
        let parts = try commitBehindBase()
        // The window of group 2 is in flight, and the one of group 1 has to be recognized.
        #expect(parts[2] == "orders-0@0")
        let metadata = String(parts[3])
        contents.events[4] = (200_000, 1)
        let second = engine(Self.minute, grace: .seconds(10), from: metadata)
        _ = second.records([0, 1, 2, 3, 4])
        #expect(contents.made == ["0-60000: 0", "0-60000: 2", "0-60000: 2", "60000-120000: 1 3"])
    }

    @Test("Of settled windows whose events Kafka has deleted nothing is committed any more")
    func retention() throws {
        let second = engine(Self.minute, grace: .seconds(10), from: String(try commitBehindBase()[3]))
        let jump = second.step(.outOfRange(second.orders, logStart: 50, chunk: false))
        #expect(jump.contains { $0.hasPrefix("commit billing orders-0@50 2:") })
    }

    @Test("Without events the clock closes windows: after that was committed")
    func idle() {
        let engine = engine(Self.minute) { $0.window!.idle = .seconds(10) }
        let now = engine.now.milliseconds
        _ = come(engine, [now])
        engine.wait(.minutes(2))
        // Something may have come meanwhile.
        #expect(engine.endsAt(2) == [])
        let effects = engine.endsAt(1)
        #expect(contents.made == [] && effects.contains { $0.hasPrefix("commit billing orders-0@0 2:") })
        // It is not counted before that.
        #expect(come(engine, from: 1, [now + 1]) == [])
        #expect(engine.committed(0).contains { $0.hasPrefix("attempt") })
        #expect(contents.made.count == 1 && contents.made[0].hasSuffix(": 0"))
    }

    @Test("It is known when the clock will close a window: not before nothing came for long enough, and its grace is over")
    func idleEnd() {
        let engine = engine(Self.minute, grace: .seconds(5)) { $0.window!.idle = .seconds(10) }
        #expect(engine.idleEnd == nil)
        // The engine's clock begins in the midst of the minute that ends then.
        let end = WallTime(milliseconds: 1_020_000)
        _ = come(engine, [end.milliseconds - 1])
        #expect(engine.idleEnd == end + .seconds(15))
        engine.wait(.seconds(34))
        _ = come(engine, from: 1, [end.milliseconds - 2])
        #expect(engine.idleEnd == engine.now + .seconds(10))
    }

    @Test("More windows than may be open suspend the subscription, and nothing of them is kept")
    func maxGroups() {
        let engine = engine(Self.minute) { $0.window!.maxGroups = 2 }
        let effects = come(engine, [0, 1, 2], groups: [1, 2, 3])
        #expect(effects.contains { $0.hasPrefix("suspend billing: more than 2 windows") })
        #expect(contents.isEmpty)
    }

    @Test("An event whose dead letter is written is settled, also when what is counted then suspends the subscription")
    func maxGroupsAfterDeadLetter() throws {
        var options = CoreOptions()
        options.poisonUnderWay = 1
        let engine = engine(Self.minute, { $0.window!.maxGroups = 1 }, options)
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 1)]))
        engine.step(.cursorLoaded(.subscription(SubscriptionID(index: 0)), PartitionHandle(index: 1), .committed(offset: 0, metadata: "")))
        // It says nothing; and so does the first one of the other partition, which has to wait for it.
        #expect(engine.records([0]).contains { $0.hasSuffix("orders-0@0 to dead letters: poison") })
        contents.events = [11: (0, 1), 12: (0, 2)]
        let batch = RecordBatch()
        batch.partition = PartitionHandle(index: 1)
        for offset in 10...12 {
            batch.records.append(
                IncomingRecord(offset: Int64(offset), token: RecordToken(bits: UInt(offset)), timestamp: engine.now, bytes: 100, matches: 1, poison: false))
            batch.matches.append(0)
        }
        batch.nextOffset = 13
        #expect(engine.step(.records(batch)) == [])
        let effects = engine.step(.diverted(DiversionID(index: 0)))
        #expect(effects.contains { $0.hasPrefix("suspend billing: more than 1 windows") })
        let commit = try #require((effects + engine.wait(.seconds(1))).first { $0.hasPrefix("commit billing orders-0@0") })
        let next = self.engine(Self.minute, from: String(commit.split(separator: " ")[3]))
        #expect(next.records([0]) == ["release 0"])
    }

    @Test("While as many complete windows wait as may, no more events are counted")
    func backPressure() {
        var options = CoreOptions()
        options.lookahead = 2
        let engine = engine(Self.minute, { $0.delivery.maxInFlight = 1 }, options)
        _ = come(engine, [0, 60_000, 120_000, 180_000, 240_000, 300_000])
        #expect(contents.made.count == 1)
        for _ in 0..<5 { engine.ended(0, 200) }
        #expect(contents.made.count == 5)
    }

    @Test("No more late events are on their way to the dead letters at once than may wait")
    func manyLate() {
        var options = CoreOptions()
        options.lookahead = 4
        let engine = engine(Self.minute, { _ in }, options)
        _ = come(engine, [600_000])
        let effects = come(engine, from: 1, [Int64](repeating: 0, count: 20))
        #expect(effects.count { $0.hasPrefix("divert") } == 8)
        // As many come as have gone.
        #expect(engine.step(.diverted(DiversionID(index: 0))).contains { $0.hasPrefix("divert #") })
    }

    @Test("What windows hold is let go with the partition")
    func giveUp() {
        let engine = engine(Self.minute)
        _ = come(engine, [0, 60_000, 120_000], groups: [1, 2, 3])
        engine.step(.lost([engine.orders]))
        #expect(contents.isEmpty)
    }
}
