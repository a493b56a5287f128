public import EventModel
public import Logging

/// Probes, metrics and a read-only API over HTTP, from the core's snapshots.
///
/// | path | answer |
/// |---|---|
/// | `GET /livez` | 200 while every shard's loop turns, else 503 |
/// | `GET /readyz` | 200, or 503 with the reasons |
/// | `GET /metrics` | Prometheus text 0.0.4, or OpenMetrics 1.0.0 where `Accept` prefers it |
/// | `GET /api/v1/subscriptions`, `/api/v1/subscriptions/{name}`, `/api/v1/topics` | JSON |
/// | `GET /` | a page that lists these |
///
/// Errors are `application/problem+json`. `listen` may be any address; see `AccessRule` for what other hosts get.
public struct OpsServer: Sendable {
    public let address: ListenAddress
    /// How long a shard's loop may take for one turn before `/livez` calls the process dead.
    public var livenessBound: TimeSpan = .seconds(30)
    private let source: any OpsSource
    private let logger: Logger

    /// - Parameter listen: `host:port`; port 0 lets the kernel choose.
    /// - Throws: `ListenAddressError` with what to write instead.
    public init(listen: String, source: any OpsSource, logger: Logger) throws(ListenAddressError) {
        address = try ListenAddress(listen)
        self.source = source
        self.logger = logger
    }

    /// Serves until its task is cancelled.
    ///
    /// - Parameter onListening: called once with the port, when connections are accepted.
    /// - Throws: when the address cannot be listened on.
    public func run(onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws {
        let responder = OpsResponder(source: source, livenessBound: livenessBound, startedAt: source.startedAt)
        do throws(ListenerFailure) {
            try await Listener.run(responder, at: address, logger, onListening: onListening)
        } catch {
            throw OpsServerError(address: address, key: "ops.listen", reason: error.reason)
        }
    }
}

/// The address could not be listened on.
public struct OpsServerError: Error, CustomStringConvertible {
    public var address: ListenAddress
    /// The key that names it.
    public var key: String
    public var reason: String

    public var description: String {
        "cannot listen on \(address) (\(key)): \(reason); choose another address, or stop what listens there"
    }
}
