public import EventModel
import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore

/// What a subscription's requests are signed with, as receivers may know it.
public struct PublishedKey: Sendable, Equatable {
    public var subscription: String
    /// `whpk_...`.
    public var text: String
    /// Base64url without padding, as JSON Web Keys have it (RFC 8037).
    public var x: String
    /// The key's thumbprint (RFC 7638).
    public var id: String

    public init(subscription: String, text: String, x: String, id: String) {
        self.subscription = subscription
        self.text = text
        self.x = x
        self.id = id
    }
}

/// Serves the public keys of subscriptions, for receivers of the world: a listener of its own, on which nothing else answers.
///
/// | path | answer |
/// |---|---|
/// | `GET /.well-known/jwks.json` | the keys of all subscriptions, without their names |
/// | `GET /.well-known/jwks/{subscription}.json` | those of one |
///
/// Both are JSON Web Key Sets (RFC 7517) with Ed25519 keys (RFC 8037); `whpk` is the key as Standard Webhooks write it.
public struct PublicKeyServer: Sendable {
    public let address: ListenAddress
    private let keys: @Sendable () -> [PublishedKey]
    private let logger: Logger

    /// - Parameters:
    ///   - listen: `host:port`; port 0 lets the kernel choose.
    ///   - keys: those that sign just now, in the order in which they are shown; called for each request.
    /// - Throws: `ListenAddressError` with what to write instead.
    public init(listen: String, logger: Logger, keys: @escaping @Sendable () -> [PublishedKey]) throws(ListenAddressError) {
        address = try ListenAddress(listen)
        self.keys = keys
        self.logger = logger
    }

    /// Serves until its task is cancelled.
    ///
    /// - Parameter onListening: called once with the port, when connections are accepted.
    /// - Throws: when the address cannot be listened on.
    public func run(onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws {
        do throws(ListenerFailure) {
            try await Listener.run(PublicKeyResponder(keys: keys), at: address, logger, onListening: onListening)
        } catch {
            throw OpsServerError(address: address, key: "ops.publicKeys.listen", reason: error.reason)
        }
    }
}

private struct PublicKeyResponder: HTTPResponder {
    let keys: @Sendable () -> [PublishedKey]

    func respond(to request: Request, context: OpsContext) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            return Reply.problem(Problem(.methodNotAllowed, "Keys can only be read: use GET.", headers: [.allow: "GET, HEAD"]))
        }
        let response = answer(request.uri.path)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ path: String) -> Response {
        if path == "/.well-known/jwks.json" { return set(keys()) }
        let (prefix, suffix) = ("/.well-known/jwks/", ".json")
        if path.hasPrefix(prefix), path.hasSuffix(suffix), path.utf8.count > prefix.utf8.count + suffix.utf8.count {
            let name = path.dropFirst(prefix.count).dropLast(suffix.count)
            let found = keys().filter { $0.subscription == name }
            // Who has no keys and who does not exist cannot be told apart.
            if !found.isEmpty { return set(found) }
        }
        return Reply.problem(Problem(.notFound, "There are no keys here; those of all are at /.well-known/jwks.json."))
    }

    private func set(_ keys: [PublishedKey]) -> Response {
        var seen: Set<String> = []
        let different = keys.filter { seen.insert($0.id).inserted }
        var response = Reply.json(Self.keySet.json(different), type: "application/jwk-set+json")
        // A new key signs beside the old one for longer than that.
        response.headers[.cacheControl] = "public, max-age=60"
        return response
    }

    private static let keySet = ObjectShape<[PublishedKey]>("KeySet", "RFC 7517.", [.list("keys", key, "In the order of the manifests.") { $0 }])

    private static let key = ObjectShape<PublishedKey>("Key", "RFC 8037.", [
        .text("alg", "") { _ in "EdDSA" }, .text("crv", "") { _ in "Ed25519" }, .text("kid", "RFC 7638.") { $0.id }, .text("kty", "") { _ in "OKP" },
        .text("use", "") { _ in "sig" }, .text("whpk", "As Standard Webhooks write it.") { $0.text }, .text("x", "") { $0.x },
    ])
}
