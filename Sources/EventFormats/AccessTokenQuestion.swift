public import EventModel

/// What a token endpoint is asked with client credentials (RFC 6749, section 4.4).
public struct AccessTokenQuestion: Sendable, Equatable {
    /// The body, `application/x-www-form-urlencoded`.
    public let form: String
    /// The value of the header `Authorization`, if the client says there who it is.
    public let authorization: String?

    public init(_ policy: AuthPolicy.OAuth2, _ authentication: ClientAuthentication) {
        var fields = [("grant_type", "client_credentials")]
        if !policy.scopes.isEmpty { fields.append(("scope", policy.scopes.joined(separator: " "))) }
        if let audience = policy.audience { fields.append(("audience", audience)) }
        switch authentication.place {
        case .header:
            authorization = "Basic \("\(policy.clientID.percentEncoded):\(policy.clientSecret.percentEncoded)".base64Encoded)"
        case .form:
            authorization = nil
            fields += [("client_id", policy.clientID), ("client_secret", policy.clientSecret)]
        }
        form = fields.map { "\($0)=\($1.percentEncoded)" }.joined(separator: "&")
    }
}

/// Where a token endpoint wants the client's name and secret (RFC 6749, section 2.3.1): what every server must understand is a
/// header, what some ask for is the form. Nobody says which, so both are tried once.
public struct ClientAuthentication: Sendable {
    public enum Place: Sendable { case header, form }

    public private(set) var place = Place.header
    private var isKnown = false

    public init() {}

    /// There was a token.
    public mutating func accepted() { isKnown = true }

    /// There was none. Whether to ask again, in the other way.
    public mutating func refused(status: Int) -> Bool {
        guard !isKnown, status == 400 || status == 401 else { return false }
        isKnown = place == .form
        place = place == .form ? .header : .form
        return place == .form
    }
}
