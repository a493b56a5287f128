import DeliveryCore
import EventModel
import Testing

/// What becomes of a batch that fails, and of the events in it.
@Suite struct BatchTests {
    private static func engine(_ change: (inout Subscription) -> Void = { _ in }) -> Engine {
        Engine.reading([
            subscription("billing") {
                $0.batch = BatchPolicy()
                $0.batch!.maxEvents = 4
                $0.batch!.partialResults = true
                $0.retry.schedule = [.seconds(1), .seconds(1), .seconds(1), .minutes(1)]
                change(&$0)
            }
        ])
    }

    private static func attempts(_ lines: [String]) -> [String] { lines.filter { $0.hasPrefix("attempt") } }

    @Test func `a batch waits for company, but not longer than maxWait`() {
        let engine = Engine.reading([subscription("billing") { $0.batch = BatchPolicy() }])
        #expect(engine.records([0]) == [])
        #expect(engine.wait(.milliseconds(999)) == [])
        #expect(engine.wait(.milliseconds(1)) == ["attempt #0 billing orders-0@0 try 1"])
    }

    @Test func `a batch larger than what may be held for a cursor does not wait for what cannot come`() {
        var options = CoreOptions()
        options.lookahead = 3
        let engine = Engine.reading([subscription("billing") { $0.batch = BatchPolicy() }], options)
        #expect(engine.records([0, 1]) == [])
        #expect(engine.records([2, 3]).first == "attempt #0 billing orders-0@0 orders-0@1 orders-0@2 orders-0@3 try 1")
    }

    @Test func `a refused batch is halved until the poison event stands alone`() {
        let engine = Engine.reading([subscription("billing") { $0.batch = BatchPolicy(); $0.batch!.maxEvents = 4 }])
        #expect(engine.records([0, 1, 2, 3]) == ["attempt #0 billing orders-0@0 orders-0@1 orders-0@2 orders-0@3 try 1"])
        #expect(
            engine.ended(0, 400) == ["attempt #0 billing orders-0@0 orders-0@1 try 2", "attempt #1 billing orders-0@2 orders-0@3 try 2"])
        #expect(engine.ended(1, 200) == ["commit billing orders-0@0 1:AgI"])
        #expect(engine.ended(0, 400) == ["attempt #0 billing orders-0@0 try 3", "attempt #1 billing orders-0@1 try 3"])
        #expect(engine.ended(0, 400) == ["divert #0 billing orders-0@0 to dead letters: http"])
    }

    @Test func `a batch that failed comes again whole, and then in halves`() {
        let engine = Self.engine()
        engine.records([0, 1, 2, 3])
        #expect(engine.ended(0, 500) == [])
        #expect(engine.wait(.milliseconds(999)) == [])
        #expect(engine.wait(.milliseconds(1)) == ["attempt #0 billing orders-0@0 orders-0@1 orders-0@2 orders-0@3 try 2"])
        engine.ended(0, 500)
        #expect(
            engine.wait(.seconds(1)) == ["attempt #0 billing orders-0@0 orders-0@1 try 3", "attempt #1 billing orders-0@2 orders-0@3 try 3"])
        engine.ended(1, 200)
        engine.ended(0, 500)
        #expect(Self.attempts(engine.wait(.seconds(1))) == ["attempt #0 billing orders-0@0 try 4", "attempt #1 billing orders-0@1 try 4"])
    }

    @Test func `jitter does not scatter a batch`() {
        let engine = Self.engine { $0.retry.jitter = 0.9 }
        engine.records([0, 1, 2, 3])
        engine.ended(0, 500)
        #expect(engine.wait(.seconds(2)) == ["attempt #0 billing orders-0@0 orders-0@1 orders-0@2 orders-0@3 try 2"])
    }

    @Test func `nothing joins events that failed`() {
        let engine = Self.engine()
        engine.records([0, 1, 2, 3])
        engine.ended(0, 500)
        engine.records([4, 5])
        #expect(Self.attempts(engine.wait(.seconds(1))).map { $0.dropFirst(11) } == ["billing orders-0@0 orders-0@1 orders-0@2 orders-0@3 try 2", "billing orders-0@4 orders-0@5 try 1"])
    }

    @Test func `a batch that waited for the end of an outage goes together behind the probe`() {
        let engine = Self.engine()
        engine.records([0, 1, 2, 3])
        engine.refused(0)
        #expect(Self.attempts(engine.wait(.seconds(2))) == ["attempt #0 billing orders-0@0 try 2"])
        #expect(Self.attempts(engine.ended(0, 200)) == ["attempt #0 billing orders-0@1 orders-0@2 orders-0@3 try 2"])
    }

    // MARK: One that makes all others fail

    /// An endpoint that fails every request with one of these in it, as long as anything is sent.
    private static func requests(of engine: Engine, failing: Set<Int64>, with status: Int, _ first: [String]) -> [[Int64]] {
        var requests: [[Int64]] = []
        var lines = first
        while let place = lines.firstIndex(where: { $0.hasPrefix("attempt") || $0.hasPrefix("divert") }) {
            let words = lines.remove(at: place).split(separator: " ")
            let id = Int(words[1].dropFirst())!
            if words[0] == "divert" {
                lines += engine.step(.diverted(DiversionID(index: id)))
            } else {
                let events = words.compactMap { $0.contains("@") ? Int64($0.split(separator: "@")[1]) : nil }
                requests.append(events)
                lines += engine.ended(id, failing.isDisjoint(with: events) ? 200 : status)
            }
            if !lines.contains(where: { $0.hasPrefix("attempt") || $0.hasPrefix("divert") }) { lines += engine.wait(.seconds(2)) }
        }
        return requests
    }

    @Test(arguments: [2, 3, 8, 100], [0, 1, 2, 4, 10])
    func `a poison event takes no companions along, and all are tried a bounded number of times`(count: Int, steps: Int) {
        let halvings = Int.bitWidth - (count - 1).leadingZeroBitCount
        for poison: Int64 in [0, Int64(count / 2), Int64(count - 1)] {
            let engine = Self.engine {
                $0.batch!.maxEvents = count
                $0.retry.schedule = Array(repeating: .seconds(1), count: steps)
            }
            let requests = Self.requests(of: engine, failing: [poison], with: 500, engine.records(Array(0..<Int64(count))))
            for event in 0..<Int64(count) {
                let tries = requests.filter { $0.contains(event) }
                #expect(tries.last! == [poison] || event != poison)
                #expect(event == poison || !tries.last!.contains(poison), "delivered")
                #expect(tries.count { $0.count > 1 && $0.contains(poison) } <= halvings + 1)
                #expect(tries.count <= max(steps + 1, halvings + 2))
            }
            #expect(requests.count <= 2 * halvings + steps + 2)
        }
    }

    @Test func `a hundred with three poison events are told apart in fourteen requests for each`() {
        for poison: Set<Int64> in [[0, 1, 2], [3, 50, 97], [33, 66, 99]] {
            let engine = Self.engine { $0.batch!.maxEvents = 100 }
            let requests = Self.requests(of: engine, failing: poison, with: 400, engine.records(Array(0..<100)))
            #expect(requests.count <= 1 + 2 * 7 * 3)
            #expect(requests.count { poison.isDisjoint(with: $0) } + poison.count + requests.count { !poison.isDisjoint(with: $0) && $0.count > 1 } == requests.count)
            for event in 0..<Int64(100) where !poison.contains(event) { #expect(requests.count { $0.contains(event) && poison.isDisjoint(with: $0) } == 1) }
        }
    }

    // MARK: Answers that name the events that failed

    private func answered(_ engine: Engine, _ id: Int, naming failed: [(Int, Bool)]) -> [String] {
        let events = failed.map { AttemptOutcome.FailedEvent(index: $0.0, retry: $0.1) }
        return engine.step(.attemptEnded(
            DeliveryID(index: id), AttemptOutcome(status: 200, message: "named", failedEvents: events), duration: .milliseconds(10)))
    }

    @Test func `those that are named fail, and the others are delivered`() {
        let engine = Self.engine()
        engine.records([0, 1, 2, 3])
        let lines = answered(engine, 0, naming: [(1, true), (2, false)])
        #expect(lines.contains("divert #0 billing orders-0@2 to dead letters: http"))
        #expect(lines.contains("release 0") == false && lines.contains { $0.hasPrefix("commit billing orders-0@1 1:") })
        let counters = engine.core.snapshot().subscriptions[0].counters
        #expect(counters.deliveries == 2)
        #expect((counters.attemptsSucceeded, counters.attemptsToRetry, counters.attemptsRefused) == (1, 0, 0))
        #expect(Self.attempts(engine.wait(.seconds(1))) == ["attempt #0 billing orders-0@1 try 2"])
    }

    @Test func `those that are named come again together, however often`() {
        let engine = Self.engine()
        engine.records([0, 1, 2, 3])
        _ = answered(engine, 0, naming: [(0, true), (2, true), (3, true)])
        for attempt in 2...4 {
            #expect(Self.attempts(engine.wait(.seconds(1))) == ["attempt #0 billing orders-0@0 orders-0@2 orders-0@3 try \(attempt)"])
            _ = answered(engine, 0, naming: [(0, true), (1, true), (2, true)])
        }
    }

    @Test func `an answer that names all is a failed attempt`() {
        let engine = Self.engine { $0.diversion.burst = 1 }
        engine.records([0, 1, 2, 3])
        let lines = answered(engine, 0, naming: [(0, false), (1, false), (2, false), (3, false)])
        #expect(lines.contains("open billing: named"))
        let counters = engine.core.snapshot().subscriptions[0].counters
        #expect((counters.attemptsSucceeded, counters.attemptsToRetry, counters.attemptsRefused) == (0, 0, 1))
        #expect(counters.deliveries == 0)
    }

    @Test func `in order, what comes later waits for those that are named`() {
        let engine = Self.engine { $0.delivery.ordering = .key }
        engine.records([0, 1, 2, 3], keys: [7, 7, 7, 8])
        // The endpoint took 1 before 0, by its own word; 2 waits for 0, and is not given up before it.
        #expect(Self.attempts(answered(engine, 0, naming: [(0, true), (2, false)])) == [])
        engine.records([4, 5, 6, 7], keys: [7, 9, 9, 9])
        #expect(Self.attempts(engine.wait(.seconds(1))).contains("attempt #1 billing orders-0@0 try 2"))
        #expect(Self.attempts(engine.ended(1, 200)).contains { $0.contains("orders-0@2 try 2") })
    }
}
