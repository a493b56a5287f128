import DeliveryCore
import EventModel

/// > Dropped and dead-lettered events are counted and reported.
///
/// The engine's figures, which metrics and consoles show, against what was seen from outside.
extension Simulation {
    /// At the end of an engine's life, and at the end of all.
    func judgeFigures(_ replica: Replica) {
        let snapshot = replica.core.snapshot()
        func compare<T: Equatable>(_ what: @autoclosure () -> String, _ shown: T, _ seen: T) {
            if shown != seen { violation(.reports, "replica \(replica.index) shows \(shown) \(what()); there were \(seen)") }
        }
        compare("commits", snapshot.commits, replica.account.commits)
        compare("durations of commits", snapshot.commitDuration.count, replica.account.commits)
        compare("failed commits", snapshot.commitFailures, replica.account.commitFailures)
        compare("rebalances", snapshot.rebalances, replica.account.rebalances)
        compare("bytes of records", snapshot.recordBytes, replica.tokens.bytes)
        compare("records read", snapshot.recordsConsumed, replica.account.recordsTaken)
        for shown in snapshot.subscriptions {
            guard let outlet = replica.account.outlets.last(where: { $0.policy.name == shown.name && !$0.isRemoved }) else {
                violation(.reports, "figures of \(shown.name), which is not listed")
                continue
            }
            let seen = outlet.counters
            compare("successful attempts of \(shown.name)", shown.counters.attemptsSucceeded, seen.attemptsSucceeded)
            compare("attempts of \(shown.name) that will be repeated", shown.counters.attemptsToRetry, seen.attemptsToRetry)
            compare("refused attempts of \(shown.name)", shown.counters.attemptsRefused, seen.attemptsRefused)
            compare("deliveries of \(shown.name)", shown.counters.deliveries, seen.deliveries)
            compare("delays of \(shown.name)", shown.counters.eventDelay.count, seen.deliveries)
            compare("durations of \(shown.name)", shown.counters.attemptDuration.count, seen.attemptsSucceeded + seen.attemptsToRetry + seen.attemptsRefused)
            compare("retry records of \(shown.name)", shown.counters.retriesScheduled, seen.retriesScheduled)
            compare("dead letters of \(shown.name)", shown.counters.deadLetters, seen.deadLetters)
            compare("refused diversions of \(shown.name)", shown.counters.diversionsRefused, seen.diversionsRefused)
            compare("drops of \(shown.name)", shown.counters.drops, seen.drops)
            compare("repeats of \(shown.name)", shown.counters.repeats, seen.repeats)
            compare("openings of the circuit of \(shown.name)", shown.counters.circuitOpenings, seen.circuitOpenings)
            compare("requests in flight of \(shown.name)", shown.inFlight, outlet.inFlight)
            compare("suspended of \(shown.name)", shown.suspended, outlet.isSuspended)
            if !outlet.isUncertain { compare("circuit of \(shown.name)", shown.circuit == .closed, outlet.circuit.state == .closed) }
            let isSaid = !shown.reason.isEmpty
            compare("reason of \(shown.name)", isSaid, shown.suspended || shown.circuit != .closed)
            for lag in shown.lags {
                guard lag.records < 0 || lag.offset < 0 else { continue }
                violation(.reports, "\(shown.name) shows a lag of \(lag.records) at \(lag.offset)")
            }
        }
    }
}
