import EventFormats
import EventModel
package import KafkaClient

/// Who is asked for tokens.
package protocol TokenGiver: Sendable {
    /// As messages call it.
    var name: String { get }

    /// Waits for the answer, for a bounded time.
    mutating func ask() throws(BearerTokenFailure) -> GivenToken
}

/// A token as it was given, and what is known of it.
package struct GivenToken: Equatable {
    package var token: String
    /// In seconds from when it was asked for; nil where it was not said.
    package var lifetime: Double?
    private let claims: JWTClaims?

    package init(_ token: String, lifetime: Double? = nil) {
        self.token = token
        self.lifetime = lifetime
        claims = JWTClaims(token)
    }

    package var subject: String? { claims?.subject }

    /// The earlier one of what was said and what stands in the token; nil where neither says.
    func expires(ifAskedAt asked: WallTime) -> WallTime? {
        let said = lifetime.map { asked + .milliseconds(Int64($0 * 1000)) }
        let written = claims?.expires.map { WallTime(milliseconds: $0) }
        return [said, written].compactMap { $0 }.min()
    }
}
