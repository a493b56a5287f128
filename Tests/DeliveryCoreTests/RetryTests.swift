import DeliveryCore
import EventModel
import Testing

/// Reads one partition of the retry topic besides `orders`.
private final class Retries {
    let engine: Engine
    let lane: PartitionHandle
    private var next: Int64 = 0

    init(_ subscriptions: [Subscription]) {
        engine = Engine.reading(subscriptions)
        engine.step(.assigned([TopicPartitionName(topic: "fanfare.retry", partition: 1)]))
        lane = PartitionHandle(index: 1)
        engine.step(.cursorLoaded(.retryTopic, lane, .committed(offset: 0, metadata: "")))
    }

    func record(
        for subscription: Int?, due: TimeSpan, written age: TimeSpan = .zero, attempts: Int = 1, retries: Int = 1, isReplay: Bool = false
    ) -> [String] {
        let batch = RecordBatch()
        batch.partition = lane
        batch.records = [IncomingRecord(offset: next, token: RecordToken(bits: UInt(100 + next)), timestamp: WallTime(milliseconds: engine.now.milliseconds - age.nanoseconds / 1_000_000), bytes: 100, matches: 0, poison: false)]
        batch.retries = [
            IncomingRetry(
                subscription: subscription.map { SubscriptionID(index: $0) }, due: engine.now + due, attempts: attempts, retries: retries,
                firstAttempt: engine.now, created: engine.now, isReplay: isReplay)
        ]
        next += 1
        batch.nextOffset = next
        batch.end = next
        return engine.step(.records(batch))
    }
}

@Suite struct RetryTests {
    @Test func `a retry record is held until it is due, and not a moment less`() {
        let retries = Retries([subscription("billing")])
        #expect(retries.record(for: 0, due: .seconds(5)) == [])
        #expect(retries.engine.wait(.milliseconds(4999)) == [])
        #expect(retries.engine.wait(.milliseconds(1)) == ["attempt #0 billing fanfare.retry-1@0 try 2"])
        #expect(retries.engine.ended(0, 200) == ["release 100", "commit retries fanfare.retry-1@1"])
    }

    @Test func `a retry record for nobody is dead-lettered`() {
        let retries = Retries([subscription("billing")])
        #expect(retries.record(for: nil, due: .zero) == ["divert #0 nobody fanfare.retry-1@0 to dead letters: removed"])
    }

    @Test(arguments: [Int.min, -1, .max])
    func `whatever a retry record says of its attempts, it is tried, and goes on when that fails`(count: Int) {
        let retries = Retries([subscription("billing")])
        #expect(retries.record(for: 0, due: .zero, attempts: count, retries: count).contains { $0.hasPrefix("attempt #0 billing") })
        #expect(retries.engine.ended(0, 500).contains { $0.hasPrefix("divert #0 billing") })
    }

    @Test func `a retry record whose subscription is removed while it is sent does not block its lane`() {
        let retries = Retries([subscription("billing")])
        #expect(retries.record(for: 0, due: .zero) == ["attempt #0 billing fanfare.retry-1@0 try 2"])
        retries.engine.step(.subscriptions([]))
        #expect(retries.engine.refused(0).last == "divert #0 nobody fanfare.retry-1@0 to dead letters: removed")
    }

    @Test func `a due record of a suspended subscription takes the next lane`() {
        let retries = Retries([subscription("billing")])
        retries.engine.records([0])
        retries.engine.ended(0, 410)
        #expect(retries.record(for: 0, due: .zero) == ["divert #0 billing fanfare.retry-1@0 to retry partition 2 in 30s: -"])
    }

    @Test func `due records wait for room until they fill half of what their lane may hold in memory`() {
        let retries = Retries([subscription("billing") { $0.delivery.maxInFlight = 1 }])
        #expect(retries.record(for: 0, due: .zero) == ["attempt #0 billing fanfare.retry-1@0 try 2"])
        for _ in 1..<250 { #expect(retries.record(for: 0, due: .zero) == []) }
        // Sent away until others before it are taken, not for as long as its lane lasts.
        #expect(
            retries.record(for: 0, due: .zero) == ["divert #0 billing fanfare.retry-1@250 to retry partition 0 in 1001ms: -"])
        // Room again: the next one goes out at once.
        #expect(retries.engine.ended(0, 200).contains { $0.hasPrefix("attempt #0 billing fanfare.retry-1@1 ") })
    }

    @Test func `what has long to wait makes way for what is behind it in its lane`() {
        let retries = Retries([subscription("billing")])
        // As many as may wait without being in anybody's way.
        for _ in 0..<250 { #expect(retries.record(for: 0, due: .seconds(25)) == []) }
        // It stays while nothing behind it can be due, and has gone on when something may be; with the same due time.
        #expect(retries.record(for: 0, due: .seconds(25)) == [])
        #expect(retries.engine.wait(.milliseconds(4999)) == [])
        #expect(retries.engine.wait(.milliseconds(1)) == ["divert #0 billing fanfare.retry-1@250 to retry partition 1 in 20s: -"])
        // One that has been in the lane for long goes on at once, to the lane of what is left of its delay.
        #expect(
            retries.record(for: 0, due: .seconds(4), written: .seconds(21)) == ["divert #1 billing fanfare.retry-1@251 to retry partition 0 in 4s: -"])
        // What will be due in a moment is not worth it.
        #expect(retries.record(for: 0, due: .milliseconds(999), written: .seconds(25)) == [])
    }

    @Test func `a clock that is ahead does not send records in circles`() {
        let retries = Retries([subscription("billing")])
        for _ in 0..<250 { #expect(retries.record(for: 0, due: .seconds(25)) == []) }
        // It says that it was written before it was there.
        #expect(retries.record(for: 0, due: .seconds(25), written: .minutes(1)) == [])
        #expect(retries.engine.wait(.milliseconds(4999)) == [])
        #expect(retries.engine.wait(.milliseconds(1)).count == 1)
    }

    @Test func `a batch holds replayed events or others, never both`() {
        let retries = Retries([subscription("search") { $0.batch = BatchPolicy(); $0.delivery.maxInFlight = 1 }])
        #expect(retries.record(for: 0, due: .zero, attempts: 0) == ["attempt #0 search fanfare.retry-1@0 try 1"])
        for _ in 0..<2 { #expect(retries.record(for: 0, due: .zero, attempts: 0, isReplay: true) == []) }
        for _ in 0..<2 { #expect(retries.record(for: 0, due: .zero, attempts: 0) == []) }
        #expect(retries.engine.ended(0, 200).contains("attempt #0 search fanfare.retry-1@1 fanfare.retry-1@2 try 1"))
        #expect(retries.engine.ended(0, 200).contains("attempt #0 search fanfare.retry-1@3 fanfare.retry-1@4 try 1"))
    }

    @Test func `a lonely poison event spends its schedule though the diversion budget is empty`() {
        let retries = Retries([subscription("billing") { $0.diversion.burst = 0; $0.retry.schedule = [.seconds(5), .seconds(30)] }])
        #expect(retries.record(for: 0, due: .zero) == ["attempt #0 billing fanfare.retry-1@0 try 2"])
        #expect(
            retries.engine.ended(0, 500) == ["open billing: HTTP 500", "divert #0 billing fanfare.retry-1@0 to retry partition 2 in 30s: http"])
        #expect(retries.engine.diversion(0).retries == 2)
    }
}
