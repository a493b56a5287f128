import DeliveryCore
import EventModel
import Testing

@Suite struct PartsTests {
    @Test(arguments: [
        [], [5..<6], [1..<2, 3..<4, 7..<1000], [1..<2, 200..<70_000, 70_001..<70_002], [1 << 40..<(1 << 40) + 1],
    ] as [[Range<Int64>]])
    func `settled ranges survive their way through the metadata`(ranges: [Range<Int64>]) {
        for base: Int64 in [0, 1 << 50] {
            let moved = ContiguousArray(ranges.map { $0.lowerBound + base..<$0.upperBound + base })
            let (text, complete) = CursorMetadata.encode(base: base, settled: moved, limit: 4096)
            #expect(complete)
            #expect(CursorMetadata.decode(base: base, text) == moved)
        }
    }

    @Test func `ranges that do not fit are left out from the end`() {
        let ranges = ContiguousArray((0..<100 as Range<Int64>).map { $0 * 3 + 1..<$0 * 3 + 2 })
        let (text, complete) = CursorMetadata.encode(base: 0, settled: ranges, limit: 40)
        #expect(!complete)
        #expect(text.utf8.count <= 40)
        let decoded = CursorMetadata.decode(base: 0, text)!
        #expect(decoded.count > 10)
        #expect(decoded == ContiguousArray(ranges.prefix(decoded.count)))
    }

    @Test(arguments: ["2:AQE", "1:A", "1:AQ", "1:AAE", "1:AQA", "1:%", "1:________________", "hello"])
    func `damaged metadata is refused`(text: String) {
        #expect(CursorMetadata.decode(base: 0, text) == nil)
    }

    @Test(arguments: [
        (200, nil, .none, .success), (204, nil, .none, .success), (301, nil, .none, .giveUp(.http)), (400, nil, .none, .giveUp(.http)),
        (404, nil, .none, .retry(.http)), (408, nil, .none, .retry(.http)), (409, nil, .none, .retry(.http)), (410, nil, .none, .suspend),
        (425, nil, .none, .retry(.http)), (429, nil, .none, .retry(.http)), (500, nil, .none, .retry(.http)), (599, nil, .none, .retry(.http)),
        (600, nil, .none, .giveUp(.http)), (200, nil, .disable, .successThenSuspend), (500, nil, .disable, .suspend),
        (500, nil, .abortMessage, .giveUp(.aborted)), (200, nil, .abortMessage, .success), (0, .network, .none, .retry(.network)),
        (0, .timeout, .none, .retry(.timeout)), (0, .tls, .none, .retry(.tls)), (0, .egressDenied, .none, .giveUp(.egressDenied)),
    ] as [(Int, FailureKind?, AttemptOutcome.Directive, Verdict)])
    func `each outcome has its verdict`(status: Int, failure: FailureKind?, directive: AttemptOutcome.Directive, verdict: Verdict) {
        #expect(Verdict(AttemptOutcome(failure: failure, status: status, directive: directive), policy: RetryPolicy()) == verdict)
    }

    @Test func `a policy that retries nothing gives everything up`() {
        var policy = RetryPolicy()
        policy.on = []
        #expect(Verdict(AttemptOutcome(status: 503), policy: policy) == .giveUp(.http))
        #expect(Verdict(AttemptOutcome(failure: .timeout), policy: policy) == .giveUp(.timeout))
    }

    @Test func `a delay takes the slowest lane that is not longer`() {
        let lanes = Lanes(delays: [.seconds(1), .seconds(5), .seconds(30)], partitionsPerLane: 2)
        #expect(lanes.lane(forDelay: .milliseconds(1)) == 0)
        #expect(lanes.lane(forDelay: .milliseconds(4999)) == 0)
        #expect(lanes.lane(forDelay: .seconds(5)) == 1)
        #expect(lanes.lane(forDelay: .days(1)) == 2)
        for lane in 0..<3 { for choice: UInt64 in 0..<4 { #expect(lanes.lane(ofPartition: lanes.partition(inLane: lane, choice: choice)) == lane) } }
        #expect(lanes.delayAfter(lane: 0) == .seconds(5))
        #expect(lanes.delayAfter(lane: 2) == .seconds(30))
    }

    @Test func `successes refill the diversion budget up to its burst`() {
        var policy = DiversionPolicy()
        policy.burst = 2
        policy.perSuccess = 0.5
        var circuit = Circuit(policy: policy, limit: 8)
        let spent = [circuit.spend(), circuit.spend(), circuit.spend()]
        #expect(spent == [true, true, false])
        _ = circuit.succeeded(events: 1)
        let afterOne = circuit.spend()
        #expect(!afterOne)
        _ = circuit.succeeded(events: 1)
        let afterTwo = circuit.spend()
        #expect(afterTwo)
        _ = circuit.succeeded(events: 100)
        #expect(circuit.budget == 2)
    }

    @Test func `pauses between probes double up to a limit, and a success starts over with little at once`() {
        var circuit = Circuit(policy: DiversionPolicy(), limit: 8)
        var options = CoreOptions()
        options.firstProbe = .seconds(1)
        options.longestProbe = .seconds(3)
        let start = Instant(nanoseconds: 0)
        for pause: TimeSpan in [.seconds(1), .seconds(2), .seconds(3), .seconds(3)] {
            circuit.open(reason: "", at: start, options: options, jitter: 0)
            #expect(circuit.nextProbe == start + pause)
            #expect(circuit.roomLimit == 0)
            circuit.probe()
            #expect(circuit.roomLimit == 1)
        }
        let closed = circuit.succeeded(events: 1)
        #expect(closed)
        #expect(circuit.roomLimit == 2)
        _ = circuit.succeeded(events: 1)
        #expect(circuit.roomLimit == 3)
    }
}
