import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import Signing
import Synchronization

/// A webhook endpoint for trying things out: it verifies signatures, tells what came, recognizes duplicates, and fails
/// when it is asked to.
///
/// It answers `POST` on every path, each with a behaviour of its own that may change while it runs. What it remembers is
/// bounded: 1,000 paths (further ones are counted together, as `/...`) and 100,000 accepted ids per path.
public final class WebhookReceiver: Sendable {
    private static let maxPaths = 1000
    private static let otherPaths = "/..."

    private let options: ReceiverOptions
    private let checker: SignatureChecker
    private let onDelivery: @Sendable (Delivery) -> Void
    private let state: Mutex<State>

    private struct State {
        var behaviours: [String: Behaviour]
        var paths: [String: PathRecord] = [:]
    }

    /// - Parameter onDelivery: called for every delivery before its answer is sent, on any thread, also concurrently.
    /// - Throws: `ReceiverError` when a secret cannot be read.
    public init(options: ReceiverOptions, onDelivery: @escaping @Sendable (Delivery) -> Void = { _ in }) throws(ReceiverError) {
        self.options = options
        self.onDelivery = onDelivery
        checker = try SignatureChecker(options.keys)
        state = Mutex(State(behaviours: options.behaviours))
    }

    /// The figures of all paths at this moment.
    public var statistics: ReceiverStatistics {
        var statistics = ReceiverStatistics()
        statistics.paths = state.withLock { $0.paths.mapValues(\.statistics) }
        return statistics
    }

    /// Changes how a path answers from the next request on.
    public func setBehaviour(_ behaviour: Behaviour, path: String) {
        state.withLock { $0.behaviours[path] = behaviour }
    }

    /// Receives until its task is cancelled. A receiver runs once.
    ///
    /// - Parameter onListening: called once with the port, when connections are accepted.
    /// - Throws: `ReceiverError` when the address cannot be listened on.
    public func run(
        logger: Logger = Logger(label: "receiver", factory: { _ in SwiftLogNoOpLogHandler() }),
        onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) async throws {
        let application = Application(
            responder: ReceiverResponder(receiver: self, maxBody: options.maxBody),
            configuration: ApplicationConfiguration(address: .hostname(options.host, port: options.port)),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        do {
            try await application.run()
        } catch where Task.isCancelled {
            // The end that was asked for.
        } catch {
            let reason = (error as? IOError).flatMap { $0.errnoCode == EADDRINUSE ? "something listens there already" : nil } ?? "\(error)"
            throw ReceiverError("cannot listen on \(options.host):\(options.port): \(reason); choose another port (0 takes a free one)")
        }
    }

    /// Judges a request, waits as long as the path's behaviour says, and reports the delivery with its answer.
    func receive(_ request: IncomingRequest) async throws -> Answer {
        var delivery = Delivery(path: request.path, signature: checker.check(request), status: 200, receivedAt: request.receivedAt)
        let peek = EventPeek(
            body: request.body, contentType: request.contentType, typeHeader: request.eventType, webhookID: request.webhookID)
        delivery.webhookID = request.webhookID
        delivery.subscription = request.subscription
        delivery.attempt = request.attempt
        delivery.eventType = peek.type
        delivery.events = peek.count
        delivery.eventIDs = peek.ids
        delivery.bodySize = request.body.readableBytes
        delivery.bodyPreview = String(decoding: request.body.readableBytesView.prefix(200), as: UTF8.self)

        let behaviour = state.withLock { $0.behaviours[request.path] ?? options.behaviour }
        if behaviour.delay > .zero { try await Task.sleep(for: behaviour.delay) }
        state.withLock { state in
            let path = state.paths[request.path] != nil || state.paths.count < Self.maxPaths ? request.path : Self.otherPaths
            // In place: a copy of what it remembers, for each request, would take longer than the rest.
            judge(&delivery, behaviour, peek.ids, &state.paths[path, default: PathRecord(seed: options.seed, path: path)])
        }
        onDelivery(delivery)
        return Answer(status: delivery.status, retryAfter: delivery.succeeded ? nil : behaviour.retryAfter)
    }

    /// Decides on the answer, and writes it down.
    private func judge(_ delivery: inout Delivery, _ behaviour: Behaviour, _ ids: [String], _ record: inout PathRecord) {
        answer(&delivery, behaviour, &record)
        if delivery.succeeded { delivery.repeatedEvents = record.accept(ids) }
        record.statistics.count(delivery)
    }

    /// A wrong signature is refused as any receiver should; only then comes the misbehaviour.
    private func answer(_ delivery: inout Delivery, _ behaviour: Behaviour, _ record: inout PathRecord) {
        guard isTrusted(delivery.signature) else {
            delivery.status = 401
            return
        }
        // The dice are thrown for every delivery, so that the other settings do not change which ones fail.
        let fails = record.fails(rate: behaviour.failRate)
        if let type = delivery.eventType, let status = behaviour.refusals[type] {
            delivery.status = status
        } else if fails {
            delivery.status = Behaviour.failStatus
        } else if let status = behaviour.status {
            delivery.status = status
        }
        delivery.failedOnPurpose = !delivery.succeeded
    }

    private func isTrusted(_ signature: Delivery.Signature) -> Bool {
        switch signature {
        case .verified, .unchecked: true
        case .unsigned: options.keys.isEmpty
        case .failed: false
        }
    }
}

/// What to send back.
struct Answer {
    var status: Int
    var retryAfter: Int?
}

public struct ReceiverError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
