/// How one request ended. A view: valid during the completion's call only.
public struct HTTPResult: ~Copyable {
    public enum Failure: Sendable, Equatable {
        /// The endpoint answered; `status` holds.
        case none
        /// The name did not resolve, the connection could not be made or broke, the answer was malformed, cut short or
        /// its head too large.
        case network
        /// No complete answer, or no connection, in time.
        case timeout
        /// The handshake or the verification of the certificate failed.
        case tls
        /// Every address of the host is one that requests may not go to.
        case egressDenied
        case cancelled
    }

    /// What the endpoint asks for in its `webhook-delivery` header.
    public enum Directive: Sendable, Equatable { case none, disable, abortMessage }

    /// The status of the final answer (never 1xx); 0 when there was a failure.
    public var status: Int
    public var failure: Failure
    /// Nothing was sent, for a reason that is not the request's: the host answered that nothing listens there, or there is no
    /// descriptor for a connection.
    public var connectionRefused: Bool
    /// One line for people, only with a failure: names host, port and what failed, never a header, a body or the URL's
    /// path and query.
    public var message: String
    /// The final answer's `Retry-After`; nil when absent or malformed.
    public var retryAfter: RetryAfter?
    public var directive: Directive
    /// Those of the endpoint's `keptHeaders` that the final answer has, the first of each name.
    public var headers: [String: String] = [:]
    /// The first bytes of the answer's body, up to the endpoint's `keptBody` limit.
    public var body: UnsafeRawBufferPointer
    /// 10, 11 or 20; 0 without an answer.
    public var httpVersion: Int
    /// From `send` to the end, in nanoseconds.
    public var duration: Int64
    /// Whether the request travelled on a connection that was open before.
    public var reusedConnection: Bool

    public init(
        status: Int = 0, failure: Failure = .none, connectionRefused: Bool = false, message: String = "",
        retryAfter: RetryAfter? = nil, directive: Directive = .none,
        body: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0), httpVersion: Int = 0,
        duration: Int64 = 0, reusedConnection: Bool = false
    ) {
        self.status = status
        self.failure = failure
        self.connectionRefused = connectionRefused
        self.message = message
        self.retryAfter = retryAfter
        self.directive = directive
        self.body = body
        self.httpVersion = httpVersion
        self.duration = duration
        self.reusedConnection = reusedConnection
    }
}
