import EventModel

/// What an answer means by the manual (docs/MANIFESTS.md), worked out apart from the engine.
enum Meaning: Equatable {
    case delivered
    case tryAgain(FailureKind)
    case giveUp(FailureKind)
    /// The endpoint wants nothing more, and did not take this.
    case stop

    init(_ outcome: AttemptOutcome, _ policy: RetryPolicy) {
        if let failure = outcome.failure {
            let condition: RetryCondition? = failure == .timeout ? .timeout : failure == .network || failure == .tls ? .network : nil
            if let condition, policy.on.contains(condition) { self = .tryAgain(failure) } else { self = .giveUp(failure) }
            return
        }
        let isAccepted = outcome.status / 100 == 2
        if isAccepted {
            self = .delivered
        } else if outcome.directive == .disable || (outcome.status == 410 && outcome.directive != .abortMessage) {
            self = .stop
        } else if outcome.directive == .abortMessage {
            self = .giveUp(.aborted)
        } else if policy.on.contains(.status(outcome.status)) || policy.on.contains(.statusClass(outcome.status / 100)) {
            self = .tryAgain(.http)
        } else {
            self = .giveUp(.http)
        }
    }
}
