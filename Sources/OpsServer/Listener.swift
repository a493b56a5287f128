import EventModel
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Why an address could not be listened on.
struct ListenerFailure: Error {
    var reason: String
}

/// How all servers of the ops kind listen.
enum Listener {
    /// Serves until its task is cancelled.
    static func run<Responder: HTTPResponder<OpsContext>>(
        _ responder: Responder, at address: ListenAddress, _ logger: Logger, onListening: @escaping @Sendable (Int) -> Void
    ) async throws(ListenerFailure) {
        // A probe or a scrape is one short request; a connection that stays silent only holds a descriptor.
        let http = HTTP1Channel.Configuration(
            idleTimeout: .seconds(60),
            httpDecoderConfiguration: .init(maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
        let application = Application(
            responder: responder,
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
            throw ListenerFailure(reason: String(describing: error))
        }
    }

    /// The framework's own notes (it reports its start, and every scrape at debug) are not the operator's business.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
