import DeliveryCore
import EventModel
import Testing

/// What the engine says of an attempt that ended. That it is said of every attempt, the simulator watches.
@Suite struct AttemptEndingTests {
    private func steps(_ engine: Engine, _ offsets: [Int64] = [0]) -> [AttemptEnding.NextStep?] {
        var place = 0
        return offsets.map { engine.core.ending.step(of: RecordToken(bits: UInt($0)), from: &place) }
    }

    @Test func `an accepted event is delivered`() {
        let engine = Engine.reading([subscription("a")])
        engine.records([0])
        engine.ended(0, 200)
        #expect(engine.core.ending.result == .success)
        #expect(steps(engine) == [.delivered])
    }

    @Test func `a short delay is waited out in memory, a long one in the retry topic`() {
        let engine = Engine.reading([subscription("a") { $0.retry.schedule = [.seconds(1), .minutes(1)] }])
        engine.records([0])
        engine.ended(0, 503)
        #expect(engine.core.ending.result == .retry)
        #expect(steps(engine) == [.wait(until: engine.now + .seconds(1))])
        engine.wait(.seconds(1))
        engine.ended(0, 503)
        guard case .retry(_, engine.now + .minutes(1)) = steps(engine)[0] else {
            Issue.record("the step is \(steps(engine))")
            return
        }
    }

    @Test func `a refused event is given up, or dropped if its policy says so`() {
        for drops in [false, true] {
            let engine = Engine.reading([subscription("a") { $0.deadLetter.drop = drops }])
            engine.records([0])
            engine.ended(0, 400)
            #expect(engine.core.ending.result == .refused)
            #expect(steps(engine) == [drops ? .dropped : .deadLetter(.http)])
        }
    }

    @Test func `during an outage an event waits for its endpoint`() {
        let engine = Engine.reading([subscription("a")])
        engine.records([0])
        engine.refused(0)
        #expect(engine.core.ending.result == .retry)
        #expect(steps(engine) == [.outage])
    }

    @Test func `an attempt that was not made has no result`() {
        let engine = Engine.reading([subscription("a")])
        engine.records([0])
        engine.lacksToken(0)
        #expect(engine.core.ending.result == nil)
    }

    @Test func `a refused batch is sent again in parts, and its poison event alone is given up`() {
        let engine = Engine.reading([subscription("a") {
            $0.batch = BatchPolicy()
            $0.batch!.maxEvents = 2
        }])
        engine.records([0, 1])
        engine.ended(0, 400)
        #expect(steps(engine, [0, 1]) == [.again, .again])
    }
}
