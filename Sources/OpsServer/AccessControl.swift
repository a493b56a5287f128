import EventModel
import HTTPTypes
import Synchronization

/// Who asks.
struct Caller: Sendable, Equatable {
    enum Role: Sendable { case viewer, operators }

    var role: Role
    /// As its token is named; nil where nobody named it, or there are no tokens.
    var name: String?
    /// Without port.
    var address: String

    /// As changes are recorded: `alice@10.1.2.3`.
    var description: String {
        "\(name ?? (role == .operators ? "operator" : "viewer"))@\(address)"
    }
}

/// Decides who a request is from, by its token or, while there are none, by where it comes from.
final class AccessControl: Sendable {
    private struct Known {
        var role: Caller.Role
        var name: String?
        var bytes: [UInt8]
    }

    private let known = Mutex<[Known]>([])

    init(_ tokens: BridgeConfiguration.Ops.Tokens) { install(tokens) }

    /// From now on these are taken and no others.
    func install(_ tokens: BridgeConfiguration.Ops.Tokens) {
        func known(_ tokens: [BridgeConfiguration.Ops.Token], _ role: Caller.Role) -> [Known] {
            tokens.map { Known(role: role, name: $0.name, bytes: Array($0.secret.text.utf8)) }
        }
        self.known.withLock { $0 = known(tokens.operators, .operators) + known(tokens.viewers, .viewer) }
    }

    /// Whether a request needs one.
    var hasTokens: Bool { !known.withLock(\.isEmpty) }

    /// - Parameter isLocal: see `AccessRule`.
    func caller(authorization: String?, address: String, isLocal: Bool) throws(Problem) -> Caller {
        let known = known.withLock { $0 }
        guard !known.isEmpty else {
            if isLocal { return Caller(role: .operators, name: nil, address: address) }
            throw Problem(
                .forbidden,
                "Without tokens only a caller on this machine gets this: use a loopback address, or a port forward without a proxy; "
                    + "or set ops.tokens. /livez, /readyz and /metrics answer everybody.")
        }
        guard let authorization else { throw Self.unauthorized("This needs a token: send Authorization: Bearer and one of ops.tokens.", error: nil) }
        let parts = authorization.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw Self.unauthorized("Authorization is not Bearer and a token.", error: "invalid_request")
        }
        let given = Array(parts[1].utf8)
        // All are compared, so that the time tells nothing of them.
        var found: Known?
        for token in known where Self.areEqual(given, token.bytes) { found = token }
        guard let found else { throw Self.unauthorized("The token is not known here.", error: "invalid_token") }
        return Caller(role: found.role, name: found.name, address: address)
    }

    /// In a time that depends on what was given alone.
    private static func areEqual(_ given: [UInt8], _ token: [UInt8]) -> Bool {
        var difference = given.count ^ token.count
        for index in given.indices { difference |= Int(given[index] ^ token[index % token.count]) }
        return difference == 0
    }

    private static func unauthorized(_ detail: String, error: String?) -> Problem {
        let challenge = "Bearer realm=\"fanfare\"" + (error.map { ", error=\"\($0)\"" } ?? "")
        return Problem(.unauthorized, detail, headers: [.wwwAuthenticate: challenge])
    }
}
