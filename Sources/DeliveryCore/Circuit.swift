package import EventModel

/// Tells a poison event from an outage, and holds a subscription's cursor during the latter.
///
/// Each event handed to the retry or dead-letter topic spends from a budget that successes refill. A poison event among
/// healthy ones is paid for by their successes; when everything fails the budget runs out, and the circuit opens.
package struct Circuit {
    package enum State: Equatable {
        case closed
        /// Nothing is sent until the next probe.
        case open
        /// One request is allowed; its success closes the circuit.
        case probing
    }

    package private(set) var state = State.closed
    package private(set) var budget: Double
    package private(set) var concurrency: AdaptiveConcurrency
    package private(set) var nextProbe = Instant(nanoseconds: 0)
    private(set) var reason = ""
    private var pause = TimeSpan.zero
    private var policy: DiversionPolicy

    package init(policy: DiversionPolicy, limit: Int) {
        self.policy = policy
        budget = Double(policy.burst)
        concurrency = AdaptiveConcurrency(limit: limit)
    }

    mutating func update(policy: DiversionPolicy, limit: Int) {
        self.policy = policy
        budget = min(budget, Double(policy.burst))
        concurrency = AdaptiveConcurrency(limit: limit)
    }

    package var roomLimit: Int {
        switch state {
        case .closed: return concurrency.current
        case .probing: return 1
        case .open: return 0
        }
    }

    /// Spends one diversion; false when the budget is empty.
    package mutating func spend() -> Bool {
        guard budget >= 1 else { return false }
        budget -= 1
        return true
    }

    /// True when this success closed the circuit.
    package mutating func succeeded(events: Int) -> Bool {
        budget = min(Double(policy.burst), budget + policy.perSuccess * Double(events))
        if state == .closed {
            concurrency.succeeded()
            return false
        }
        state = .closed
        concurrency.startSlowly()
        pause = .zero
        reason = ""
        return true
    }

    /// The endpoint has too much to do: it gets less at once.
    package mutating func overloaded(sentAt: Instant, now: Instant) {
        if state == .closed { concurrency.overloaded(sentAt: sentAt, now: now) }
    }

    /// Opens, or opens again after a failed probe, each time for longer; jitter spreads the probes of many replicas.
    package mutating func open(reason: String, at now: Instant, options: CoreOptions, jitter: Double) {
        pause = pause == .zero ? options.firstProbe : min(pause * 2, options.longestProbe)
        nextProbe = now + pause * (1 + 0.2 * jitter)
        self.reason = reason
        state = .open
    }

    mutating func postpone(until due: Instant) {
        precondition(state == .open, "only an open circuit is probed")
        nextProbe = due
    }

    package mutating func probe() {
        precondition(state == .open, "only an open circuit is probed")
        state = .probing
    }
}
