internal import CRDKafka
internal import Glibc
internal import Synchronization

/// What the SASL mechanism OAUTHBEARER shows a broker (RFC 7628).
public struct BearerToken: Sendable {
    public var text: String
    /// Whom librdkafka names in its messages. The broker takes the name from the token.
    public var principal: String
    /// In milliseconds since 1970. librdkafka asks for another one when four fifths of the time until then have passed.
    public var expires: Int64
    /// Told to the broker beside the token: names of letters, other than `auth`, and values of printable ASCII.
    public var extensions: [(name: String, value: String)]

    public init(text: String, principal: String, expires: Int64, extensions: [(name: String, value: String)] = []) {
        self.text = text
        self.principal = principal
        self.expires = expires
        self.extensions = extensions
    }
}

/// Where the clients of a process get their tokens from.
public protocol BearerTokenSource: AnyObject, Sendable {
    /// A token that lasts for a while; waits until there is one. Called on a thread of the client's own, which may wait.
    ///
    /// - Parameter previous: What the client has now. It is told why there is nothing newer; others get the last one until its end.
    func token(after previous: String?) throws(BearerTokenFailure) -> BearerToken

    /// A broker did not take it, although it had not expired.
    func wasRefused(_ token: String)
}

/// Why there is no token. Says nothing of secrets.
public struct BearerTokenFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}

/// One client's tokens. librdkafka holds it as the client's opaque, from its making until after its end.
final class ClientTokens: Sendable {
    private struct State {
        var token: String?
        /// A refused token is about to be replaced. Told of every refusal, librdkafka would put its question off for ever.
        var isReplacing = false
    }

    private let source: any BearerTokenSource
    private let state = Mutex(State())

    init(_ source: any BearerTokenSource) { self.source = source }

    /// For a client that is about to be made: it is held by nobody yet.
    func prepare(_ settings: OpaquePointer) {
        rd_kafka_conf_set_opaque(settings, Unmanaged.passUnretained(self).toOpaque())
        rd_kafka_conf_enable_sasl_queue(settings, 1)
        rd_kafka_conf_set_oauthbearer_token_refresh_cb(settings) { client, _, tokens in
            guard let client, let tokens else { return }
            Unmanaged<ClientTokens>.fromOpaque(tokens).takeUnretainedValue().renew(of: client)
        }
    }

    /// The client was made, and asks from now on. On a background thread of its own: no other one has to wait.
    func start(_ client: OpaquePointer) throws(KafkaError) {
        _ = Unmanaged.passRetained(self)
        do throws(KafkaError) {
            try KafkaError.check(rd_kafka_sasl_background_callbacks_enable(client))
        } catch {
            Self.release(of: client) { rd_kafka_destroy(client) }
            throw error
        }
    }

    /// Those of a client; nil where it has none.
    private static func of(_ client: OpaquePointer) -> Unmanaged<ClientTokens>? {
        rd_kafka_opaque(client).map { .fromOpaque($0) }
    }

    /// - Parameter destroy: ends the client; the background thread has ended after it.
    static func release(of client: OpaquePointer, after destroy: () -> Void) {
        let tokens = of(client)
        destroy()
        tokens?.release()
    }

    /// A broker refused the client's token. Another one is asked for, a while later: librdkafka would wait until this one ends.
    static func noteRefusal(of client: OpaquePointer, _ error: KafkaError) {
        guard error.code == ._AUTHENTICATION, !error.message.contains(askingFailed), let tokens = of(client) else { return }
        tokens.takeUnretainedValue().replace(of: client)
    }

    /// How librdkafka tells of a token that could not be had.
    private static let askingFailed = "Failed to acquire SASL OAUTHBEARER token"

    private func renew(of client: OpaquePointer) {
        let token: BearerToken
        do throws(BearerTokenFailure) {
            token = try source.token(after: state.withLock { state in
                state.isReplacing = false
                return state.token
            })
        } catch {
            rd_kafka_oauthbearer_set_token_failure(client, error.description)
            return
        }
        if set(token, on: client) {
            state.withLock { $0.token = token.text }
        } else {
            // librdkafka's own reason may quote the token.
            rd_kafka_oauthbearer_set_token_failure(client, "librdkafka does not take the token: it has expired, or it or kafka.oauth.extensions hold characters that are not allowed there")
        }
    }

    private func set(_ token: BearerToken, on client: OpaquePointer) -> Bool {
        let extensions = token.extensions.flatMap { [$0.name, $0.value] }
        let texts = extensions.map { strdup($0) }
        defer { for text in texts { free(text) } }
        var pointers = texts.map { UnsafePointer<CChar>($0) }
        var reason = [CChar](repeating: 0, count: 512)
        return rd_kafka_oauthbearer_set_token(
            client, token.text, token.expires, token.principal, &pointers, pointers.count, &reason, reason.count) == RD_KAFKA_RESP_ERR_NO_ERROR
    }

    private func replace(of client: OpaquePointer) {
        let refused = state.withLock { state -> String? in
            if state.isReplacing { return nil }
            state.isReplacing = state.token != nil
            return state.token
        }
        guard let refused else { return }
        source.wasRefused(refused)
        rd_kafka_oauthbearer_set_token_failure(client, "a broker refused the last one; another one is asked for")
    }
}
