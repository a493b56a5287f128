public import Signing

/// How a receiver listens, what it verifies and how it misbehaves.
public struct ReceiverOptions: Sendable {
    public var host = "127.0.0.1"
    /// 0 lets the kernel choose.
    public var port = 0
    /// What signatures are checked with. Empty: they are not checked.
    public var keys = VerificationKeys()
    /// On paths that `behaviours` does not name.
    public var behaviour = Behaviour()
    /// By path, as in `/billing`.
    public var behaviours: [String: Behaviour] = [:]
    /// Decides which deliveries fail: the same seed fails the same ones, counted per path.
    public var seed: UInt64 = 1
    /// A longer body is answered with 413. Bytes.
    public var maxBody = 16 << 20

    public init() {}
}

/// How one path answers a delivery whose signature is right (or not checked).
public struct Behaviour: Sendable, Equatable {
    /// The share of deliveries that fail, from 0 to 1.
    public var failRate: Double = 0
    /// How long every answer takes.
    public var delay: Duration = .zero
    /// Answers everything with this status instead of 200.
    public var status: Int? = nil
    /// Answers events of a type with a status, always: a receiver that cannot understand them.
    public var refusals: [String: Int] = [:]
    /// Seconds, sent as `Retry-After` with every answer outside 2xx.
    public var retryAfter: Int? = nil

    /// What a delivery that fails by `failRate` is answered with.
    static let failStatus = 503

    public init(
        failRate: Double = 0, delay: Duration = .zero, status: Int? = nil, refusals: [String: Int] = [:], retryAfter: Int? = nil
    ) {
        self.failRate = failRate
        self.delay = delay
        self.status = status
        self.refusals = refusals
        self.retryAfter = retryAfter
    }
}
