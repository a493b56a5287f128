import DeliveryCore
import EventModel
import Testing

/// A record's token is its offset; what event it is is set beforehand.
private final class Names: EventIdentities {
    var ofOffset: [Int64: UInt64] = [:]
    private(set) var asked: [Int64] = []

    func identity(of record: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> EventIdentity? {
        asked.append(Int64(record.bits))
        return ofOffset[Int64(record.bits)].map { EventIdentity(high: 0, low: $0) }
    }
}

@Suite("Deduplication")
struct DeduplicationTests {
    private let names = Names()

    private func engine(window: TimeSpan = .minutes(1), maxKeys: Int = 100, _ change: (inout Subscription) -> Void = { _ in }) -> Engine {
        Engine.reading([policy(window, maxKeys, change)], identities: names)
    }

    private func policy(_ window: TimeSpan, _ maxKeys: Int, _ change: (inout Subscription) -> Void = { _ in }) -> Subscription {
        subscription("billing") {
            $0.deduplicate = DeduplicationPolicy(window: window)
            $0.deduplicate!.maxKeys = maxKeys
            change(&$0)
        }
    }

    /// One record after the other from an offset on, each this event; 0 says nothing.
    private func come(_ engine: Engine, from first: Int64, _ events: [UInt64]) -> [String] {
        for (i, event) in events.enumerated() where event != 0 { names.ofOffset[first + Int64(i)] = event }
        return engine.records(events.indices.map { first + Int64($0) })
    }

    private func attempts(_ lines: [String]) -> [String] { lines.filter { $0.hasPrefix("attempt") } }
    private func drops(_ lines: [String]) -> [String] { lines.filter { $0.hasPrefix("dropped") } }
    private func commits(_ lines: [String]) -> [String] { lines.filter { $0.hasPrefix("commit") } }

    /// The endpoint takes these requests; what the last commit then says.
    private func settle(_ engine: Engine, _ requests: [Int]) -> (offset: Int64, text: String) {
        var lines: [String] = []
        for request in requests { lines += engine.ended(request, 200) }
        while true {
            let more = engine.committed(0) + engine.wait(.seconds(1))
            if commits(more).isEmpty { break }
            lines += more
        }
        return metadata(commits(lines).last!)
    }

    private func metadata(_ commit: String) -> (offset: Int64, text: String) {
        let words = commit.split(separator: " ")
        return (Int64(words[2].split(separator: "@")[1])!, words.count > 3 ? String(words[3]) : "")
    }

    @Test func `an event that came before is dropped, reported, counted and settled`() {
        let engine = engine()
        let lines = come(engine, from: 0, [7, 8, 7])
        #expect(attempts(lines) == ["attempt #0 billing orders-0@0 try 1", "attempt #1 billing orders-0@1 try 1"])
        #expect(drops(lines) == ["dropped billing orders-0@2, a repeat"])
        #expect(settle(engine, [0, 1]).offset == 3)
        let shown = engine.core.snapshot().subscriptions[0]
        #expect(shown.counters.repeats == 1 && shown.counters.drops == 0 && shown.remembered == 2)
    }

    @Test func `what says nothing of itself is never a repeat, nor is a record that is no event`() {
        let engine = engine()
        #expect(drops(come(engine, from: 0, [0, 0])).isEmpty)
        names.ofOffset[2] = 7
        engine.records([2], poison: true)
        #expect(drops(come(engine, from: 3, [7])).isEmpty)
        #expect(!names.asked.contains(2))
    }

    @Test func `the window goes from each time that it came, also as a repeat`() {
        let engine = engine(window: .seconds(10))
        _ = come(engine, from: 0, [7])
        engine.wait(.seconds(8))
        #expect(drops(come(engine, from: 1, [7])).count == 1)
        engine.wait(.seconds(8))
        #expect(drops(come(engine, from: 2, [7])).count == 1)
        engine.wait(.seconds(11))
        #expect(drops(come(engine, from: 3, [7])).isEmpty)
    }

    @Test func `what would be too many is forgotten, the oldest first, and counted`() {
        let engine = engine(maxKeys: 2)
        #expect(drops(come(engine, from: 0, [1, 2, 3, 3, 2, 1])) == ["dropped billing orders-0@3, a repeat", "dropped billing orders-0@4, a repeat"])
        let shown = engine.core.snapshot().subscriptions[0]
        #expect(shown.remembered == 2 && shown.counters.identitiesForgotten == 2)
    }

    @Test func `an event is sent again that failed, whatever repeats of it were dropped`() {
        let engine = engine { $0.retry.schedule = [.milliseconds(100)] }
        #expect(attempts(come(engine, from: 0, [7, 7])).count == 1)
        engine.ended(0, 503)
        #expect(attempts(engine.wait(.seconds(1))) == ["attempt #0 billing orders-0@0 try 2"])
    }

    @Test func `after a restart the log is read again from where repeats have to be known, and nothing of it is sent`() {
        let first = engine()
        _ = come(first, from: 10, [7, 8, 9])
        let (offset, text) = settle(first, [0, 1])
        #expect(offset == 12 && text.hasPrefix("3:"))

        let second = Engine.reading([], identities: names)
        second.step(.subscriptions([policy(.minutes(1), 100)]))
        let started = second.loaded(0, offset, text)
        #expect(started.contains("read orders-0 from 10"))
        // 9 was not settled; 7 and 8 come once more after it.
        let lines = second.records([10, 11, 12]) + come(second, from: 13, [8, 7])
        #expect(attempts(lines) == ["attempt #0 billing orders-0@12 try 1"])
        #expect(drops(lines) == ["dropped billing orders-0@13, a repeat", "dropped billing orders-0@14, a repeat"])
        #expect(second.core.snapshot().subscriptions[0].counters.routed == 3)
    }

    @Test func `while the base stays behind, what has to be known there is read again`() {
        let first = engine(window: .seconds(10))
        _ = come(first, from: 10, [7, 8])
        first.wait(.seconds(30))
        _ = come(first, from: 12, [9])
        // 8 is still under way; 7 was forgotten meanwhile, and yet belongs before it.
        let (offset, text) = settle(first, [0, 2])
        #expect(offset == 11)
        let second = Engine.reading([], identities: names)
        second.step(.subscriptions([policy(.seconds(10), 100)]))
        #expect(second.loaded(0, offset, text).contains("read orders-0 from 10"))
    }

    @Test func `what is given up in an outage is remembered like what is sent`() {
        let engine = engine(window: .hours(1)) {
            $0.retry.giveUpAfter = .seconds(30)
            $0.delivery.maxInFlight = 1
        }
        _ = come(engine, from: 0, [7, 8, 7])
        engine.refused(0)
        var lines: [String] = []
        for _ in 0..<20 {
            let more = engine.wait(.seconds(5))
            lines += more
            for attempt in attempts(more) { lines += engine.refused(Int(attempt.split(separator: " ")[1].dropFirst())!) }
        }
        #expect(drops(lines) == ["dropped billing orders-0@2, a repeat"])
    }

    @Test func `what Kafka has deleted of what is only remembered is not lost`() {
        let first = engine()
        _ = come(first, from: 10, [7, 8, 9])
        let (offset, text) = settle(first, [0, 1])

        let second = Engine.reading([], identities: names)
        second.step(.subscriptions([policy(.minutes(1), 100)]))
        second.loaded(0, offset, text)
        let jump = second.step(.outOfRange(second.orders, logStart: 11, chunk: false))
        #expect(!jump.contains { $0.hasPrefix("lost") })
        let jumpOn = second.step(.outOfRange(second.orders, logStart: 14, chunk: false))
        #expect(jumpOn.contains("lost billing orders-0 2"))
    }

    @Test func `where an operator sends a cursor it knows nothing of what was before`() {
        let engine = engine()
        _ = come(engine, from: 0, [7])
        engine.ended(0, 200)
        engine.wait(.seconds(1))
        engine.committed(0)
        engine.step(.seek(SubscriptionID(index: 0), [engine.orders], .offset(1)))
        #expect(attempts(come(engine, from: 1, [7])).count == 1)
    }

    @Test func `a timestamp in the future does not keep what came long ago`() {
        let engine = engine(window: .seconds(10))
        _ = come(engine, from: 0, [7])
        for i in 1...20 as ClosedRange<Int64> {
            engine.wait(.seconds(5))
            _ = come(engine, from: i, [UInt64(100 + i)])
        }
        #expect(engine.core.snapshot().subscriptions[0].remembered <= 4)
    }

    @Test func `whatever timestamps records have, a repeat is known`() {
        let engine = engine()
        names.ofOffset = [0: 7, 1: 7]
        let batch = RecordBatch()
        batch.partition = engine.orders
        for (offset, time) in [Int64.max, .min].enumerated() {
            batch.records.append(
                IncomingRecord(
                    offset: Int64(offset), token: RecordToken(bits: UInt(offset)), timestamp: WallTime(milliseconds: time), bytes: 100, matches: 1,
                    poison: false))
            batch.matches.append(0)
        }
        batch.nextOffset = 2
        #expect(drops(engine.step(.records(batch))).count == 1)
    }

    @Test func `time goes on with records that do not match, so that little is read again`() throws {
        let engine = engine(window: .seconds(10))
        _ = come(engine, from: 0, [7])
        #expect(!settle(engine, [0]).text.isEmpty)
        engine.wait(.seconds(30))
        engine.records([1], slots: [])
        let commit = try #require(commits(engine.wait(.seconds(10))).last)
        #expect(metadata(commit).offset == 2 && metadata(commit).text.isEmpty)
    }

    @Test func `a policy that changes while a cursor is being loaded is the one that it goes by`() {
        let engine = Engine.reading([], identities: names)
        engine.step(.subscriptions([policy(.minutes(1), 100)]))
        engine.step(.subscriptions([subscription("billing") { $0.delivery.ordering = .key }]))
        // What was asked for before is asked for again.
        engine.loaded(0, 0)
        engine.loaded(0, 0)
        for offset in 0...2 as ClosedRange<Int64> { names.ofOffset[offset] = 7 }
        let lines = engine.records([0, 1, 2], keys: [1, 1, 2])
        #expect(attempts(lines) == ["attempt #0 billing orders-0@0 try 1", "attempt #1 billing orders-0@2 try 1"])
        #expect(drops(lines).isEmpty)
    }

    @Test func `metadata with an offset to remember from is read like other metadata where nobody remembers`() {
        let plain = Engine.reading([], identities: names)
        plain.step(.subscriptions([subscription("billing")]))
        // 12, and the log from 10 on.
        #expect(plain.loaded(0, 12, "3:Ag").contains("read orders-0 from 12"))
        for damaged in ["3:", "3:AA", "3:f38", "3:Ag!"] { #expect(CursorMetadata.decode(base: 12, damaged) == nil) }
        #expect(CursorMetadata.decode(base: 12, "3:AgMC") == [15..<17])
    }
}
