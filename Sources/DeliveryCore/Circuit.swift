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
    /// Requests allowed at once: one after an outage, one more with each success.
    package private(set) var concurrency: Int
    package private(set) var nextProbe = Instant(nanoseconds: 0)
    private(set) var reason = ""
    private var pause = TimeSpan.zero
    private var policy: DiversionPolicy
    private var limit: Int

    package init(policy: DiversionPolicy, limit: Int) {
        self.policy = policy
        self.limit = limit
        budget = Double(policy.burst)
        concurrency = limit
    }

    mutating func update(policy: DiversionPolicy, limit: Int) {
        self.policy = policy
        self.limit = limit
        budget = min(budget, Double(policy.burst))
        concurrency = state == .closed ? limit : 1
    }

    package var roomLimit: Int {
        switch state {
        case .closed: return concurrency
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
            if concurrency < limit { concurrency += 1 }
            return false
        }
        state = .closed
        concurrency = min(limit, 2)
        pause = .zero
        reason = ""
        return true
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
