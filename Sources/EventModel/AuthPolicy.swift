/// How requests authenticate themselves to an endpoint. A validated manifest has at most one kind.
public struct AuthPolicy: Sendable, Equatable {
    /// HTTP Basic authentication (RFC 7617).
    public struct Basic: Sendable, Equatable {
        public var username = ""
        public var password = ""
        public init() {}
    }

    /// A constant bearer token (RFC 6750).
    public struct Bearer: Sendable, Equatable {
        public var token = ""
        public init() {}
    }

    /// A key in a header of the endpoint's choice.
    public struct APIKey: Sendable, Equatable {
        public var header = ""
        public var value = ""
        public init() {}
    }

    /// Access tokens for client credentials (RFC 6749, section 4.4).
    public struct OAuth2: Sendable, Equatable {
        public var tokenURL = ""
        public var clientID = ""
        public var clientSecret = ""
        public var scopes: [String] = []
        /// Not of the RFC; several providers ask for it.
        public var audience: String? = nil
        public init() {}
    }

    /// A certificate that the TLS handshake shows.
    public struct MutualTLS: Sendable, Equatable {
        /// The leaf first, then those between it and its authority.
        public var certificate = PEMFile()
        public var key = PEMFile()
        public init() {}
    }

    public var basic: Basic? = nil
    public var bearer: Bearer? = nil
    public var apiKey: APIKey? = nil
    public var oauth2: OAuth2? = nil
    public var mtls: MutualTLS? = nil

    public init() {}

    /// The kinds that are there, by their keys.
    public var kinds: [String] {
        let all = [("basic", basic != nil), ("bearer", bearer != nil), ("apiKey", apiKey != nil), ("oauth2", oauth2 != nil), ("mtls", mtls != nil)]
        return all.filter(\.1).map(\.0)
    }

    /// The request header that it takes for itself.
    public var headerName: String? {
        if let apiKey { return apiKey.header }
        return basic != nil || bearer != nil || oauth2 != nil ? "authorization" : nil
    }

    /// The same without what nobody may see.
    public var withoutSecrets: AuthPolicy {
        var shown = self
        shown.basic?.password = ""
        shown.bearer?.token = ""
        shown.apiKey?.value = ""
        shown.oauth2?.clientSecret = ""
        return shown
    }
}

/// A file that a manifest names, with what it held when the manifest was read. Who compares policies sees a change of the
/// file as a change of the policy.
public struct PEMFile: Sendable, Equatable, CustomDebugStringConvertible {
    public var path: String
    public var bytes: [UInt8]

    public init(path: String = "", bytes: [UInt8] = []) {
        self.path = path
        self.bytes = bytes
    }

    /// Of the path alone: the bytes may be a private key.
    public var debugDescription: String { path.debugDescription }
}
