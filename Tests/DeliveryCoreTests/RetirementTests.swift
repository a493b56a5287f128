import DeliveryCore
import EventModel
import Testing

@Suite struct RetirementTests {
    private struct Witness {
        weak var object: AnyObject?
    }

    private let name = TopicPartitionName(topic: "orders", partition: 0)
    private let billing = SubscriptionID(index: 0)

    /// A partition, what all that were there before have left behind, and a cursor, or two while one replaces the other.
    private let few = 4

    /// Goes through rounds, in each of which there is one event under way on a new assignment or after a resume.
    ///
    /// - Returns: how many of the partitions and cursors that there were after each round there still are.
    private func rounds(_ count: Int, _ change: (Engine, PartitionHandle) -> Void) -> Int {
        let engine = Engine()
        engine.step(.subscriptions([subscription("billing") { $0.retry.schedule = [.seconds(1)] }]))
        var witnesses: [Witness] = []
        for offset in 0..<Int64(count) {
            if engine.core.handle(of: name) == nil { engine.step(.assigned([name])) }
            let handle = engine.core.handle(of: name)!
            // A word to go that came meanwhile has it loaded again.
            while engine.step(.cursorLoaded(.subscription(billing), handle, .committed(offset: offset, metadata: ""))).contains(where: { $0.hasPrefix("load") }) {}
            let batch = RecordBatch()
            batch.partition = handle
            batch.records = [IncomingRecord(offset: offset, token: RecordToken(bits: 0), timestamp: engine.now, bytes: 100, matches: 1, poison: false)]
            batch.matches = [0]
            batch.nextOffset = offset + 1
            #expect(engine.step(.records(batch)).contains { $0.hasPrefix("attempt #0") })
            change(engine, handle)
            witnesses += engine.core.kept.map { Witness(object: $0) }
        }
        engine.wait(.seconds(1))
        return Set(witnesses.compactMap { $0.object.map { ObjectIdentifier($0) } }).count
    }

    /// The event is delivered, and that is committed.
    private func deliver(_ engine: Engine) {
        var lines = engine.ended(0, 200) + engine.wait(.seconds(1))
        while lines.contains(where: { $0.hasPrefix("commit billing") }) { lines = engine.committed(0) + engine.wait(.seconds(1)) }
    }

    @Test func `of a partition that was given up nothing is kept`() {
        let left = rounds(50) { engine, handle in
            engine.step(.revoking([handle]))
            deliver(engine)
        }
        #expect(left <= few)
    }

    @Test func `of a partition that was lost nothing is kept once its last request has ended`() {
        let left = rounds(50) { engine, handle in
            engine.step(.lost([handle]))
            // Somebody has it, and gives it back.
            engine.step(.assigned([name]))
            engine.ended(0, 200)
        }
        #expect(left <= few)
    }

    @Test func `of a cursor that was replaced nothing is kept`() {
        let left = rounds(50) { engine, _ in
            engine.step(.pause(billing))
            deliver(engine)
            engine.step(.resume(billing))
        }
        #expect(left <= few)
    }

    @Test func `of a cursor whose event waits for its next attempt nothing is kept either`() {
        let left = rounds(50) { engine, handle in
            #expect(engine.ended(0, 500) == [])
            engine.step(.lost([handle]))
            engine.wait(.minutes(1))
        }
        #expect(left <= few)
    }
}
