/// Why an attempt, or an event, failed. The raw values stand in the header `fanfare-error-kind` and in metrics.
public enum FailureKind: String, CaseIterable, Sendable {
    /// The connection could not be made or broke, the name did not resolve, the answer was truncated or malformed.
    case network
    /// No answer within `delivery.timeout`, or no connection within `delivery.connectTimeout`.
    case timeout
    /// The TLS handshake or the certificate's verification failed.
    case tls
    /// The address is one that deliveries may not go to.
    case egressDenied = "egress-denied"
    /// The endpoint answered with a status outside 2xx, or named the event of its batch as failed.
    case http
    /// The record is not a valid event.
    case poison
    case windowLate = "window-late"
    /// Older than `retry.giveUpAfter`.
    case expired
    /// The endpoint asked for it: `webhook-delivery: abort-message`.
    case aborted
    /// Its subscription no longer exists.
    case removed
    case redriveLoop = "redrive-loop"
}

/// How one attempt ended, as the transport saw it; the engine judges it.
public struct AttemptOutcome: Sendable, Equatable {
    /// What the endpoint asked for in its answer's `webhook-delivery` header.
    public enum Directive: Sendable, Equatable { case none, disable, abortMessage }

    /// An event of a batch that its endpoint accepted, all but this one and others like it.
    public struct FailedEvent: Sendable, Equatable {
        /// In the batch.
        public var index: Int
        /// Whether the endpoint wants it again.
        public var retry: Bool

        public init(index: Int, retry: Bool) {
            self.index = index
            self.retry = retry
        }
    }

    /// Nil when the endpoint answered; then `status` holds.
    public var failure: FailureKind?
    /// The HTTP status, 0 without an answer.
    public var status: Int
    /// True when the connection was actively refused: nothing listens there.
    public var connectionRefused: Bool
    /// No request was made, for want of an access token or of the endpoint's consent: neither the event nor its attempt has to
    /// do with it.
    public var isWithheld = false
    /// One line for people, without secrets.
    public var message: String
    /// From `Retry-After`, in either of its forms, not yet clamped.
    public var retryAfter: TimeSpan?
    public var directive: Directive
    /// With a 2xx status: the events that the endpoint named as failed, in the order of the batch. The others are delivered.
    public var failedEvents: [FailedEvent]

    public init(
        failure: FailureKind? = nil, status: Int = 0, connectionRefused: Bool = false, message: String = "",
        retryAfter: TimeSpan? = nil, directive: Directive = .none, failedEvents: [FailedEvent] = []
    ) {
        self.failure = failure
        self.status = status
        self.connectionRefused = connectionRefused
        self.message = message
        self.retryAfter = retryAfter
        self.directive = directive
        self.failedEvents = failedEvents
    }

    /// A request that was not made: what `failure` and `message` say is about what it would have needed first.
    public static func withheld(_ failure: FailureKind, _ message: String) -> AttemptOutcome {
        var outcome = AttemptOutcome(failure: failure, message: message)
        outcome.isWithheld = true
        return outcome
    }

    /// Nothing could have been delivered, whatever the event.
    public var isOutage: Bool { connectionRefused || isWithheld }

    /// Signs of an endpoint that has too much to do: no answer in time, a broken connection, 429 Too Many Requests, 503
    /// Service Unavailable. Any other failure may be about the event.
    public var isOverload: Bool {
        switch failure {
        case nil: status == 429 || status == 503
        case .network, .timeout: !isWithheld
        default: false
        }
    }
}
