package import EventModel

/// What an attempt's outcome means under a subscription's policy.
package enum Verdict: Equatable {
    case success
    /// Try again later.
    case retry(FailureKind)
    /// Trying again would not help: the dead-letter topic.
    case giveUp(FailureKind)
    /// The endpoint wants nothing any more: the subscription is suspended, the event stays unsettled.
    case suspend
    /// Accepted, but the endpoint wants nothing more.
    case successThenSuspend

    package init(_ outcome: AttemptOutcome, policy: RetryPolicy) {
        if let failure = outcome.failure {
            if outcome.isWithheld {
                self = .retry(failure)
                return
            }
            switch failure {
            case .timeout: self = policy.on.contains(.timeout) ? .retry(failure) : .giveUp(failure)
            case .network, .tls: self = policy.on.contains(.network) ? .retry(failure) : .giveUp(failure)
            default: self = .giveUp(failure)
            }
            return
        }
        let accepted = (200..<300).contains(outcome.status)
        switch outcome.directive {
        case .disable:
            self = accepted ? .successThenSuspend : .suspend
            return
        case .abortMessage where !accepted:
            self = .giveUp(.aborted)
            return
        case .abortMessage, .none:
            break
        }
        if accepted {
            self = .success
        } else if outcome.status == 410 {
            self = .suspend
        } else if policy.on.contains(.status(outcome.status)) || policy.on.contains(.statusClass(outcome.status / 100)) {
            self = .retry(.http)
        } else {
            self = .giveUp(.http)
        }
    }
}
