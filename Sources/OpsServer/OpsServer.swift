public import EventModel
public import Logging
import Hummingbird
import HummingbirdCore
import HTTPTypes
import NIOCore

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
        // A probe or a scrape is one short request; a connection that stays silent only holds a descriptor.
        let http = HTTP1Channel.Configuration(idleTimeout: .seconds(60))
        let application = Application(
            responder: OpsResponder(source: source, livenessBound: livenessBound, startedAt: source.startedAt),
            server: .http1(configuration: http),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                availableConnectionsDelegate: MaximumAvailableConnections(256)),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) },
            logger: quiet(logger))
        do {
            try await application.run()
        } catch where Task.isCancelled {
            // The end that was asked for.
        } catch {
            throw OpsServerError(address: address, reason: String(describing: error))
        }
    }

    /// The framework's own notes (it reports its start, and every scrape at debug) are not the operator's business.
    private func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

/// The address could not be listened on.
public struct OpsServerError: Error, CustomStringConvertible {
    public var address: ListenAddress
    public var reason: String

    public var description: String {
        "cannot listen on \(address) (ops.listen): \(reason); choose another address, or stop what listens there"
    }
}
