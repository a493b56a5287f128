public import EventModel
public import Logging

/// Probes, metrics and the API over HTTP: the operations of `OperationTable`, which `/openapi.json` describes.
///
/// Errors are `application/problem+json`. `listen` may be any address; see `AccessRule` and `AccessControl` for who gets what.
public struct OpsServer: Sendable {
    public let address: ListenAddress
    /// How long a shard's loop may take for one turn before `/livez` calls the process dead.
    public var livenessBound: TimeSpan = .seconds(30)
    private let source: any OpsSource
    private let logger: Logger
    private let access: AccessControl
    private let rates: RateLimiter
    private let monitor: Monitor

    /// - Parameter configuration: `listen` is `host:port`; port 0 lets the kernel choose.
    /// - Throws: `ListenAddressError` with what to write instead.
    public init(_ configuration: BridgeConfiguration.Ops, source: any OpsSource, logger: Logger) throws(ListenAddressError) {
        address = try ListenAddress(configuration.listen)
        access = AccessControl(configuration.tokens)
        rates = RateLimiter(configuration.rateLimit)
        monitor = Monitor(source)
        self.source = source
        self.logger = logger
    }

    /// From now on these tokens are taken and no others.
    public func install(_ tokens: BridgeConfiguration.Ops.Tokens) {
        access.install(tokens)
        // Those whose token is still known come again.
        monitor.endStreams()
    }

    /// Serves until its task is cancelled.
    ///
    /// - Parameter onListening: called once with the port, when connections are accepted.
    /// - Throws: when the address cannot be listened on.
    public func run(onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws {
        let responder = OpsResponder(source: source, livenessBound: livenessBound, access: access, rates: rates, monitor: monitor)
        // Structured, so that it ends with this task.
        async let looking: Void = monitor.run()
        do throws(ListenerFailure) {
            try await Listener.run(responder, at: address, logger, onListening: onListening)
            await looking
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
