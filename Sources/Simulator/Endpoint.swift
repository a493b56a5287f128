public import EventModel

/// How a simulated endpoint behaves, and when.
public struct EndpointPlan: Sendable, Codable {
    public enum Mode: Sendable, Equatable, Codable {
        case refusing
        case answering(Int)
        /// No answer until the attempt times out; the event was not accepted.
        case hanging
        case throttling(retryAfter: TimeSpan)
        case slow(TimeSpan)
    }

    public struct Phase: Sendable, Codable {
        public var from: TimeSpan
        public var until: TimeSpan
        public var mode: Mode
        public init(from: TimeSpan, until: TimeSpan, _ mode: Mode) {
            self.from = from
            self.until = until
            self.mode = mode
        }
    }

    /// Least and most time an ordinary answer takes.
    public var latency: ClosedRange<Int64> = 1...20
    /// Share of attempts that fail for no reason, until faults stop.
    public var failureRate = 0.0
    /// Share of accepted attempts whose answer is lost, until faults stop.
    public var lostAnswers = 0.0
    /// One event in so many is refused for ever; 0 is none.
    public var poisonEvery = 0
    public var poisonStatus = 400
    /// Until faults stop, except 410.
    public var phases: [Phase] = []

    public init() {}

    func isPoison(_ event: EventKey) -> Bool {
        guard poisonEvery > 0 else { return false }
        var random = Random(seed: UInt64(event.offset) &* 31 &+ UInt64(event.partition) &* 17 &+ UInt64(event.topic))
        return random.next() % UInt64(poisonEvery) == 0
    }

    func mode(at time: TimeSpan, healed: Bool) -> Mode? {
        for phase in phases where phase.from <= time && time < phase.until {
            if !healed || phase.mode == .answering(410) { return phase.mode }
        }
        return nil
    }
}

/// What an endpoint does with one request.
struct Answer {
    /// From the request's arrival.
    var after: TimeSpan
    var accepted: Bool
    var outcome: AttemptOutcome
}

extension EndpointPlan {
    func answer(to events: [EventKey], at time: TimeSpan, healed: Bool, timeout: TimeSpan, _ random: inout Random) -> Answer {
        func answered(_ status: Int, retryAfter: TimeSpan? = nil, accepted: Bool = false) -> Answer {
            let span = TimeSpan.milliseconds(Int64(random.int(Int(latency.lowerBound)...Int(latency.upperBound))))
            return Answer(
                after: span, accepted: accepted,
                outcome: AttemptOutcome(status: status, message: "HTTP \(status)", retryAfter: retryAfter))
        }
        switch mode(at: time, healed: healed) {
        case .refusing:
            return Answer(
                after: .milliseconds(1), accepted: false,
                outcome: AttemptOutcome(failure: .network, connectionRefused: true, message: "connection refused"))
        case .answering(let status): return answered(status)
        case .hanging: return timedOut(after: timeout, accepted: false)
        case .throttling(let retryAfter): return answered(429, retryAfter: retryAfter)
        case .slow(let span):
            var answer = answered(200, accepted: true)
            answer.after = span
            if span >= timeout { return timedOut(after: timeout, accepted: true) }
            if events.contains(where: isPoison) { return answered(poisonStatus) }
            return answer
        case nil: break
        }
        if events.contains(where: isPoison) { return answered(poisonStatus) }
        if !healed, random.chance(failureRate) {
            return random.chance(0.5)
                ? answered(500)
                : Answer(after: .milliseconds(5), accepted: false, outcome: AttemptOutcome(failure: .network, message: "connection reset"))
        }
        if !healed, random.chance(lostAnswers) { return timedOut(after: timeout, accepted: true) }
        return answered(200, accepted: true)
    }

    private func timedOut(after timeout: TimeSpan, accepted: Bool) -> Answer {
        Answer(after: timeout, accepted: accepted, outcome: AttemptOutcome(failure: .timeout, message: "no answer"))
    }
}
