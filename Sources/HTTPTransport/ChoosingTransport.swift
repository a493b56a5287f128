public import Egress
public import EventLoop

/// The transport that deliveries use: our own where it can do what an endpoint needs, libcurl elsewhere. Which one it is shows in nothing
/// but the cost.
///
/// Our own takes plain HTTP, and TLS where a configuration asks for HTTP/1.1. libcurl takes what goes through a proxy, what asks for HTTP/2,
/// and endpoints whose configuration asks for libcurl.
///
/// Over TLS an endpoint may speak HTTP/2, which nobody knows before its first answer: libcurl, which offers both, sends until then. An
/// endpoint that answered by HTTP/1.1 is our own's from there on, and libcurl's again when a handshake of ours fails or it wants another
/// version (426, 505): it has done nothing about such a request, which libcurl then sends as if it had been the first. A request is
/// always with one of the two. What was found out is forgotten with the endpoint, so with each change of its configuration.
///
/// Both are driven by the same loop; together they open no more connections than one of them would.
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
    private var endpoints = EndpointTable<ChosenEndpoint>()
    /// Sums of the open endpoints' `maxConnections`.
    private var wantedByOwn = 0
    private var wantedByCurl = 0

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
        own.takeOver = { [unowned self] request in takeOver(request) }
    }

    /// Requests that are not completed yet.
    public var inFlight: Int { own.inFlight + curl.inFlight }
    /// Connections opened so far, attempts that failed included.
    public var connectionsOpened: Int { own.connectionsOpened + curl.connectionsOpened }

    // MARK: Endpoints

    public func open(_ configuration: EndpointConfiguration) throws(EndpointError) -> EndpointID {
        let place = isProxied ? .curl : ChosenEndpoint.Place(configuration)
        let inner = place == .own ? try own.open(configuration) : try curl.open(configuration)
        let endpoint = try endpoints.open { (id) throws(EndpointError) in ChosenEndpoint(id, configuration, place, inner) }
        if place == .trial { curl.endpoint(inner).trial = .running }
        want(configuration.maxConnections, endpoint)
        return endpoint.id
    }

    public func close(_ id: EndpointID) {
        let endpoint = endpoints[id]
        if let inner = endpoint.own { own.close(inner) }
        if let inner = endpoint.curl { curl.close(inner) }
        want(-endpoint.configuration.maxConnections, endpoint)
        endpoint.isClosed = true
        endpoints.releaseIfDone(endpoint)
    }

    /// Shares the connections between the two, by what their endpoints may need.
    private func want(_ more: Int, _ endpoint: ChosenEndpoint) {
        if endpoint.place == .own { wantedByOwn += more } else { wantedByCurl += more }
        let wanted = max(1, wantedByOwn + wantedByCurl)
        let forOwn = wantedByCurl == 0 ? maximumConnections : maximumConnections * wantedByOwn / wanted
        own.maximumConnections = max(1, forOwn)
        curl.maximumConnections = max(1, wantedByOwn == 0 ? maximumConnections : maximumConnections - forOwn)
    }

    /// Whether it is our own that serves an endpoint.
    package func isOwn(_ id: EndpointID) -> Bool { endpoints[id].place == .own }

    // MARK: What an endpoint speaks

    private func move(_ endpoint: ChosenEndpoint, to place: ChosenEndpoint.Place) {
        want(-endpoint.configuration.maxConnections, endpoint)
        endpoint.place = place
        want(endpoint.configuration.maxConnections, endpoint)
        if let inner = endpoint.curl { curl.endpoint(inner).trial = place == .trial ? .running : .none }
    }

    /// Looks at what came of the first requests to an endpoint.
    private func judgeTrial(_ endpoint: ChosenEndpoint) {
        guard let inner = endpoint.curl, case .ended(let version) = curl.endpoint(inner).trial else { return }
        guard version != 20 else { return move(endpoint, to: .curl) }
        do throws(EndpointError) {
            if endpoint.own == nil { endpoint.own = try own.open(endpoint.configuration) }
            move(endpoint, to: .own)
        } catch {
            move(endpoint, to: .curl)
        }
    }

    private func takeOver(_ request: ReturnedRequest) -> Bool {
        guard let endpoint = endpoints.first(where: { $0.own == request.endpoint }), let inner = endpoint.curl else { return false }
        if endpoint.place == .own {
            endpoint.returns += 1
            move(endpoint, to: endpoint.returns < ChosenEndpoint.mostReturns ? .trial : .curl)
        }
        return request.headers.withUnsafeBytes { headers in
            guard let url = request.url else {
                curl.send(endpoint: inner, token: request.token, headers: headers, body: request.body, startedAt: request.startedAt)
                return true
            }
            return Array(url.utf8).withUnsafeBytes { url in
                do throws(EndpointError) {
                    try curl.send(
                        endpoint: inner, to: url, token: request.token, headers: headers, body: request.body, startedAt: request.startedAt)
                    return true
                } catch {
                    return false
                }
            }
        }
    }

    // MARK: Requests

    public func send(endpoint id: EndpointID, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        let endpoint = endpoints[id]
        if endpoint.place == .trial { judgeTrial(endpoint) }
        if endpoint.place == .own, let inner = endpoint.own {
            own.send(endpoint: inner, token: token, headers: headers, body: body)
        } else if let inner = endpoint.curl {
            curl.send(endpoint: inner, token: token, headers: headers, body: body)
        }
    }

    public func send(
        endpoint id: EndpointID, to url: UnsafeRawBufferPointer, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
    ) throws(EndpointError) {
        let endpoint = endpoints[id]
        if endpoint.place == .trial { judgeTrial(endpoint) }
        if endpoint.place == .own, let inner = endpoint.own, endpoint.curl == nil || endpoint.isAt(url) {
            try own.send(endpoint: inner, to: url, token: token, headers: headers, body: body)
        } else if let inner = endpoint.curl {
            try curl.send(endpoint: inner, to: url, token: token, headers: headers, body: body)
        }
    }

    public func cancel(_ token: Int) {
        own.cancel(token)
        curl.cancel(token)
    }
}
