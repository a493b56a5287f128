public import Egress
public import EventLoop

/// The transport that deliveries use: our own where it can do what an endpoint needs, libcurl elsewhere. Which one it is, is decided
/// when an endpoint is opened, and shows in nothing but the cost.
///
/// Our own takes plain HTTP, and TLS where a configuration asks for HTTP/1.1. libcurl takes what may become HTTP/2, all that goes through a
/// proxy, and endpoints whose configuration asks for it. Both are driven by the same loop; together they open no more connections
/// than one of them would.
public final class ChoosingTransport: HTTPTransport {
    public unowned var delegate: (any HTTPTransportDelegate)? {
        didSet {
            own.delegate = delegate
            curl.delegate = delegate
        }
    }

    private let own: HTTP1Transport
    private let curl: CurlTransport
    private let isProxied: Bool
    private let maximumConnections: Int
    private var endpoints = EndpointTable<Choice>()
    /// Sums of the open endpoints' `maxConnections`.
    private var wantedByOwn = 0
    private var wantedByCurl = 0

    private final class Choice: OpenEndpoint {
        let id: EndpointID
        let inner: EndpointID
        let isOwn: Bool
        let wanted: Int
        let inFlight = 0
        var isClosed = false

        init(_ id: EndpointID, inner: EndpointID, isOwn: Bool, wanted: Int) {
            self.id = id
            self.inner = inner
            self.isOwn = isOwn
            self.wanted = wanted
        }
    }

    /// - Parameters: as those of `CurlTransport`.
    public init(
        loop: EventLoop, rules: EgressRules, ownListeners: OwnListeners = OwnListeners(), proxy: Proxy? = nil, requests: Int = 64,
        maximumBody: Int = 64 << 10, maximumConnections: Int = DescriptorBudget.ofThisProcess.connections
    ) {
        own = HTTP1Transport(
            loop: loop, rules: rules, ownListeners: ownListeners, requests: proxy == nil ? requests : 0, maximumBody: maximumBody,
            maximumConnections: maximumConnections)
        // Each of its slots costs much more, and most endpoints are the other's.
        curl = CurlTransport(
            loop: loop, rules: rules, ownListeners: ownListeners, proxy: proxy, requests: proxy == nil ? 0 : requests, maximumBody: maximumBody,
            maximumConnections: maximumConnections)
        isProxied = proxy != nil
        self.maximumConnections = maximumConnections
    }

    /// Requests that are not completed yet.
    public var inFlight: Int { own.inFlight + curl.inFlight }
    /// Connections opened so far, attempts that failed included.
    public var connectionsOpened: Int { own.connectionsOpened + curl.connectionsOpened }

    // MARK: Endpoints

    public func open(_ configuration: EndpointConfiguration) throws(EndpointError) -> EndpointID {
        let isOwn = !isProxied && Self.isForOwn(configuration)
        let inner = isOwn ? try own.open(configuration) : try curl.open(configuration)
        let choice = try endpoints.open { (id) throws(EndpointError) in
            Choice(id, inner: inner, isOwn: isOwn, wanted: configuration.maxConnections)
        }
        want(choice.wanted, choice)
        return choice.id
    }

    public func close(_ id: EndpointID) {
        let choice = endpoints[id]
        if choice.isOwn { own.close(choice.inner) } else { curl.close(choice.inner) }
        choice.isClosed = true
        want(-choice.wanted, choice)
        endpoints.releaseIfDone(choice)
    }

    private static func isForOwn(_ configuration: EndpointConfiguration) -> Bool {
        switch configuration.httpVersion {
        case .http1: !configuration.prefersLibcurl
        // Over TLS it may turn out to be HTTP/2.
        case .auto: !configuration.prefersLibcurl && !isEncrypted(configuration.url)
        case .http2: false
        }
    }

    /// What is no URL at all is refused by either.
    private static func isEncrypted(_ url: String) -> Bool { url.prefix(6).lowercased() == "https:" }

    /// Shares the connections between the two, by what their endpoints may need.
    private func want(_ more: Int, _ choice: Choice) {
        if choice.isOwn { wantedByOwn += more } else { wantedByCurl += more }
        let wanted = max(1, wantedByOwn + wantedByCurl)
        let forOwn = wantedByCurl == 0 ? maximumConnections : maximumConnections * wantedByOwn / wanted
        own.maximumConnections = max(1, forOwn)
        curl.maximumConnections = max(1, wantedByOwn == 0 ? maximumConnections : maximumConnections - forOwn)
    }

    /// Whether it is our own that serves an endpoint.
    package func isOwn(_ id: EndpointID) -> Bool { endpoints[id].isOwn }

    // MARK: Requests

    public func send(endpoint id: EndpointID, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        let choice = endpoints[id]
        if choice.isOwn {
            own.send(endpoint: choice.inner, token: token, headers: headers, body: body)
        } else {
            curl.send(endpoint: choice.inner, token: token, headers: headers, body: body)
        }
    }

    public func send(
        endpoint id: EndpointID, to url: UnsafeRawBufferPointer, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
    ) throws(EndpointError) {
        let choice = endpoints[id]
        if choice.isOwn {
            try own.send(endpoint: choice.inner, to: url, token: token, headers: headers, body: body)
        } else {
            try curl.send(endpoint: choice.inner, to: url, token: token, headers: headers, body: body)
        }
    }

    public func cancel(_ token: Int) {
        own.cancel(token)
        curl.cancel(token)
    }
}
