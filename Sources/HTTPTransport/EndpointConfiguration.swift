/// Where requests go and what all of them have in common.
public struct EndpointConfiguration: Sendable, Equatable {
    public enum HTTPVersion: Sendable, Equatable {
        /// HTTP/2 where a TLS endpoint offers it (ALPN), else HTTP/1.1.
        case auto
        case http1
        /// As `auto`, and requests wait for a connection to share instead of opening one each. Needs `https`.
        case http2
    }

    public enum Method: Sendable, Equatable {
        case post
        /// A question about the URL, as the consent of CloudEvents' webhooks is asked for.
        case options
    }

    /// Whom to trust, and what to show. Everything is PEM.
    public struct TLS: Sendable, Equatable {
        /// Certificate authorities instead of the system's.
        public var authorities: [UInt8]?
        /// `sha256//` and base64; the endpoint's public key must be one of them, whoever signed its certificate. Empty: any.
        public var publicKeyPins: [String]
        /// The client's, with its private key.
        public var certificate: [UInt8]?
        public var key: [UInt8]?

        public init(authorities: [UInt8]? = nil, publicKeyPins: [String] = [], certificate: [UInt8]? = nil, key: [UInt8]? = nil) {
            self.authorities = authorities
            self.publicKeyPins = publicKeyPins
            self.certificate = certificate
            self.key = key
        }
    }

    /// Absolute `http` or `https` URL without credentials and fragment.
    public var url: String
    public var method: Method
    /// Sent with every request, in this order, after the headers of the request itself.
    public var constantHeaders: [(name: String, value: String)]
    /// From `send` to the last byte of the answer, name resolution and connecting included.
    public var timeoutMilliseconds: Int
    /// For name resolution, TCP and TLS together.
    public var connectTimeoutMilliseconds: Int
    public var httpVersion: HTTPVersion
    /// For what our own sender does otherwise than an endpoint can stand.
    public var prefersLibcurl = false
    public var tls: TLS
    /// How many connections are worth keeping open: the caller's bound on requests in flight to this endpoint. It sizes
    /// the pool of idle connections; it does not hold requests back.
    public var maxConnections: Int
    /// Bytes of an answer's body that the completion gets to see, for those who read what endpoints say.
    public var keptBody: Int
    /// Headers of an answer that the completion gets to see, in lower case.
    public var keptHeaders: [String]

    public init(
        url: String, method: Method = .post, constantHeaders: [(name: String, value: String)] = [], timeoutMilliseconds: Int = 15_000,
        connectTimeoutMilliseconds: Int = 5_000, httpVersion: HTTPVersion = .auto, tls: TLS = TLS(),
        maxConnections: Int = 64, keptBody: Int = 16 << 10, keptHeaders: [String] = []
    ) {
        self.url = url
        self.method = method
        self.constantHeaders = constantHeaders
        self.timeoutMilliseconds = timeoutMilliseconds
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.httpVersion = httpVersion
        self.tls = tls
        self.maxConnections = maxConnections
        self.keptBody = keptBody
        self.keptHeaders = keptHeaders
    }

    public static func == (a: Self, b: Self) -> Bool {
        a.url == b.url && a.method == b.method && a.constantHeaders.elementsEqual(b.constantHeaders, by: ==)
            && a.timeoutMilliseconds == b.timeoutMilliseconds
            && a.connectTimeoutMilliseconds == b.connectTimeoutMilliseconds && a.httpVersion == b.httpVersion
            && a.prefersLibcurl == b.prefersLibcurl
            && a.tls == b.tls && a.maxConnections == b.maxConnections && a.keptBody == b.keptBody
            && a.keptHeaders == b.keptHeaders
    }
}

/// An endpoint's configuration cannot be used as it stands.
public struct EndpointError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One sentence that says what is wrong and what to write instead.
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Names an open endpoint of one transport.
public struct EndpointID: Sendable, Hashable {
    let index: Int
    /// Tells an endpoint from its successor in the same place.
    let generation: UInt32
}
