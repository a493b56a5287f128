import DeliveryCore
import EventModel

/// > Each subscription has a *diversion budget*: a burst that each event handed to the retry topic or the dead-letter
/// > topic spends from and each success refills. When it is empty, or connections are refused outright, the circuit opens:
/// > the cursor stops, one probe at a time goes out with growing backoff, and the first success closes the circuit
/// > (concurrency ramps up again).
///
/// A model of one subscription's circuit in one engine, moved by what the outside sees: attempts, how they end, diversions
/// and reports. It is exact as long as it knows everything that the engine knows.
struct CircuitModel {
    enum State { case closed, open, probing }

    private(set) var state = State.closed
    private(set) var budget: Double
    /// Requests that may be in flight while it is closed.
    private(set) var concurrency: Int
    /// Up to here each success allows one more, beyond it a round of successes.
    private var threshold: Int
    private var successes = 0
    private var halvedAt: Instant? = nil
    private var policy: DiversionPolicy
    private var limit: Int
    private let firstProbe: TimeSpan
    private let longestProbe: TimeSpan
    private var pause = TimeSpan.zero
    private(set) var openedAt = Instant(nanoseconds: 0)

    init(policy: DiversionPolicy, limit: Int, options: CoreOptions) {
        self.policy = policy
        self.limit = limit
        budget = Double(policy.burst)
        concurrency = limit
        threshold = limit
        firstProbe = options.firstProbe
        longestProbe = options.longestProbe
    }

    mutating func update(policy: DiversionPolicy, limit: Int) {
        self.policy = policy
        self.limit = limit
        budget = min(budget, Double(policy.burst))
        (concurrency, threshold, successes, halvedAt) = (limit, limit, 0, nil)
    }

    /// Jitter included, and once more the first pause when what is to be tried has to be read first.
    var latestProbe: Instant { openedAt + pause * 1.2 + firstProbe + .milliseconds(1) }

    var room: Int { state == .closed ? concurrency : 1 }
    var isEmpty: Bool { budget < 1 }
    /// The next probe goes out no earlier.
    var nextProbe: Instant { openedAt + pause }

    mutating func spend() { budget -= 1 }

    mutating func succeeded(events: Int) {
        budget = min(Double(policy.burst), budget + policy.perSuccess * Double(events))
        if state == .closed {
            successes += 1
            if concurrency < limit, concurrency < threshold || successes >= concurrency { (concurrency, successes) = (concurrency + 1, 0) }
            if concurrency == limit { successes = 0 }
        } else {
            state = .closed
            (concurrency, threshold, successes) = (min(limit, 2), limit, 0)
            pause = .zero
        }
    }

    /// An endpoint that shows signs of overload has half as many, once for all that were under way.
    mutating func failed(_ outcome: AttemptOutcome, sentAt: Instant, now: Instant) {
        let isOverload = outcome.failure == .timeout || outcome.failure == .network || (outcome.failure == nil && [429, 503].contains(outcome.status))
        guard isOverload, state == .closed, halvedAt.map({ sentAt > $0 }) ?? true else { return }
        concurrency = max(1, concurrency / 2)
        (threshold, successes, halvedAt) = (concurrency, 0, now)
    }

    mutating func open(at now: Instant) {
        guard state != .open else { return }
        pause = pause == .zero ? firstProbe : min(pause * 2, longestProbe)
        openedAt = now
        state = .open
    }

    mutating func probe() { if state == .open { state = .probing } }
}

extension Simulation {
    /// A request to this subscription begins.
    func judgeCircuit(_ id: SubscriptionID, _ replica: Replica) {
        let outlet = replica.account.outlets[id.index]
        if !outlet.isRunning {
            violation(.ownership, "an attempt for \(outlet.policy.name), which is \(outlet.isRemoved ? "removed" : outlet.isPaused ? "paused" : outlet.isSuspended ? "suspended" : "disabled")")
        }
        if now < outlet.blockedUntil { violation(.schedule, "an attempt for \(outlet.policy.name) \(outlet.blockedUntil - now) before the end of Retry-After") }
        if outlet.isUncertain { return }
        switch outlet.circuit.state {
        case .closed:
            if outlet.inFlight >= outlet.circuit.room { violation(.limits, "\(outlet.inFlight + 1) in flight for \(outlet.policy.name); it may have \(outlet.circuit.room)") }
        case .open:
            if now < outlet.circuit.nextProbe { violation(.circuit, "a probe of \(outlet.policy.name) \(outlet.circuit.nextProbe - now) too early") }
            if outlet.inFlight > 0 { violation(.circuit, "a probe of \(outlet.policy.name) while \(outlet.inFlight) are in flight") }
        case .probing:
            if outlet.inFlight > 0 { violation(.circuit, "a second probe of \(outlet.policy.name) at once") }
        }
        replica.account.outlets[id.index].circuit.probe()
    }

    /// The engine says that it stops sending.
    func judgeOpening(_ id: SubscriptionID, _ replica: Replica) {
        let outlet = replica.account.outlets[id.index]
        replica.account.outlets[id.index].counters.circuitOpenings += 1
        guard let ending = replica.account.ending, ending.subscription == id, !outlet.isRemoved, !outlet.isUncertain else {
            if outlet.isRemoved || outlet.isUncertain { return }
            return violation(.circuit, "the circuit of \(outlet.policy.name) opened without a failure")
        }
        if !ending.failsWhileClosed { violation(.circuit, "the circuit of \(outlet.policy.name) opened twice") }
        if outlet.circuit.state != .open { violation(.circuit, "the circuit of \(outlet.policy.name) opened with \(outlet.circuit.budget) of its budget left") }
    }

    /// The pauses between probes begin anew with each outage. (That they grow is seen by the probes that come too early.)
    func judgeNextProbe(_ id: SubscriptionID, _ replica: Replica) {
        let outlet = replica.account.outlets[id.index]
        guard outlet.circuit.state == .open, outlet.circuit.openedAt == now, replica.account.ending?.failsWhileClosed == true, !outlet.isRemoved, !outlet.isUncertain else { return }
        guard let shown = replica.core.snapshot().subscriptions.first(where: { $0.name == outlet.policy.name }), let next = shown.nextProbe else { return }
        if next < outlet.circuit.nextProbe || next > outlet.circuit.latestProbe {
            violation(.circuit, "the next probe of \(outlet.policy.name) is due in \(next - now); expected: \(outlet.circuit.nextProbe - now) to \(outlet.circuit.latestProbe - now)")
        }
    }

    func judgeClosing(_ id: SubscriptionID, _ replica: Replica) {
        let outlet = replica.account.outlets[id.index]
        guard let ending = replica.account.ending, ending.subscription == id, ending.isSuccess else {
            return violation(.circuit, "the circuit of \(outlet.policy.name) closed without a success")
        }
        if ending.wasClosed, !outlet.isUncertain { violation(.circuit, "the circuit of \(outlet.policy.name) closed twice") }
    }
}
