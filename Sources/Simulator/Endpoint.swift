public import EventModel

/// How a simulated endpoint behaves, and when.
public struct EndpointPlan: Sendable, Codable {
    /// How it answers for a time, instead of the ordinary way.
    public enum Mode: Sendable, Equatable, Codable {
        case refusing
        case answering(Int)
        /// No answer until the attempt times out; the event was not accepted.
        case hanging
        case throttling(retryAfter: TimeSpan)
        case slow(TimeSpan)
        /// 503 with `Retry-After`.
        case unavailable(retryAfter: TimeSpan)
        /// The connection breaks after the request was sent.
        case resetting
        case untrusted
        /// An address that deliveries may not go to.
        case denied
        /// This status, and `webhook-delivery: disable`.
        case disabling(Int)
        /// 400, and `webhook-delivery: abort-message`.
        case aborting
        /// Answers 500 and 200 in turns, for so long each.
        case flapping(TimeSpan)
    }

    /// When it has a mode, from the simulation's start.
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
    /// One event in so many is refused with `webhook-delivery: abort-message`; 0 is none.
    public var abortEvery = 0
    /// Where a subscription asks for partial results: it names the events of a batch that it does not accept.
    public var namesFailed = false
    /// Share of the events that it names for no reason, until faults stop.
    public var namedRate = 0.0
    /// How the times of ordinary answers are spread.
    public enum Spread: String, Sendable, Codable { case even, exponential, heavyTailed }
    public var spread = Spread.even
    /// Until faults stop, except 410.
    public var phases: [Phase] = []
    /// Milliseconds until Kafka shows a cursor of the subscription, or where it begins; each time, until faults stop.
    public var cursorDelay = Self.promptCursors

    static let promptCursors = 1...30

    public init() {}

    func isPoison(_ event: EventKey) -> Bool {
        guard poisonEvery > 0 else { return false }
        var random = Random(seed: UInt64(event.offset) &* 31 &+ UInt64(event.partition) &* 17 &+ UInt64(event.topic))
        return random.next() % UInt64(poisonEvery) == 0
    }

    func isAborted(_ event: EventKey) -> Bool {
        guard abortEvery > 0 else { return false }
        var random = Random(seed: UInt64(event.offset) &* 37 &+ UInt64(event.partition) &* 13 &+ UInt64(event.topic))
        return random.next() % UInt64(abortEvery) == 0
    }

    /// Milliseconds until an ordinary answer.
    func time(_ random: inout Random) -> TimeSpan {
        let least = Double(latency.lowerBound)
        let width = Double(latency.upperBound - latency.lowerBound)
        let share: Double =
            switch spread {
            case .even: random.unit()
            // Rarely more than twice the even one's most.
            case .exponential: exponential(random.unit()) / 4
            // One in a thousand takes thirty times as long as most.
            case .heavyTailed: 0.03 / (random.unit() + 0.001)
            }
        return .milliseconds(Int64(least + width * share))
    }

    /// -ln(1 - u), by the series of artanh, so that no library's last digit decides a run.
    private func exponential(_ u: Double) -> Double {
        let x = u / (2 - u)
        var power = x
        var sum = 0.0
        for i in 0..<40 {
            sum += power / Double(2 * i + 1)
            power *= x * x
        }
        return 2 * sum
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
    /// Events that it did not accept, though it accepted the request: whether its answer arrives or not.
    var failed: [AttemptOutcome.FailedEvent] = []
}

extension EndpointPlan {
    /// - Parameter isPartial: the subscription reads which events failed.
    func answer(
        to events: [EventKey], at moment: TimeSpan, healed: Bool, timeout: TimeSpan, isPartial: Bool = false, _ random: inout Random
    ) -> Answer {
        guard isPartial, namesFailed else { return answer(to: events, at: moment, healed: healed, timeout: timeout, &random) }
        var failed: [AttemptOutcome.FailedEvent] = []
        for (i, event) in events.enumerated() {
            if isPoison(event) {
                failed.append(.init(index: i, retry: poisonStatus >= 500))
            } else if !healed, random.chance(namedRate) {
                failed.append(.init(index: i, retry: random.chance(0.9)))
            }
        }
        var sound = self
        sound.poisonEvery = 0
        var answer = sound.answer(to: events, at: moment, healed: healed, timeout: timeout, &random)
        if answer.accepted {
            answer.failed = failed
            if answer.outcome.failure == nil { answer.outcome.failedEvents = failed }
        }
        return answer
    }

    private func answer(to events: [EventKey], at moment: TimeSpan, healed: Bool, timeout: TimeSpan, _ random: inout Random) -> Answer {
        func answered(_ status: Int, retryAfter: TimeSpan? = nil, accepted: Bool = false, _ directive: AttemptOutcome.Directive = .none) -> Answer {
            let span = time(&random)
            if span >= timeout { return timedOut(after: timeout, accepted: accepted) }
            return Answer(
                after: span, accepted: accepted,
                outcome: AttemptOutcome(status: status, message: "HTTP \(status)", retryAfter: retryAfter, directive: directive))
        }
        func failed(_ failure: FailureKind, _ message: String) -> Answer {
            Answer(after: .milliseconds(5), accepted: false, outcome: AttemptOutcome(failure: failure, message: message))
        }
        switch mode(at: moment, healed: healed) {
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
        case .unavailable(let retryAfter): return answered(503, retryAfter: retryAfter)
        case .resetting: return failed(.network, "connection reset")
        case .untrusted: return failed(.tls, "the certificate is not trusted")
        case .denied: return failed(.egressDenied, "the address is not allowed")
        case .disabling(let status): return answered(status, accepted: status / 100 == 2, .disable)
        case .aborting: return answered(400, .abortMessage)
        case .flapping(let span): if moment.nanoseconds / max(1, span.nanoseconds) % 2 == 0 { return answered(500) }
        case nil: break
        }
        if events.contains(where: isAborted) { return answered(400, .abortMessage) }
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
