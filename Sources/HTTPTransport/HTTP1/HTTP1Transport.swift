public import Egress
public import EventLoop
import Glibc

/// The transport that speaks HTTP/1.1 itself, at a third of what libcurl costs for a request: plain and over TLS, without a proxy.
///
/// It keeps the promises of ``CurlTransport``, with the same bounds and the same words for failures:
///
/// - An answer's body is read up to `maximumBody`, its head up to ``ResponseHead``'s limits. An answer that can be read in two ways
///   counts, and its connection is not used again (``AnswerFraming``).
/// - Redirects are not followed. A request that was sent on an open connection which then closed without a single byte of an answer is
///   sent again on a new one, once.
/// - Connections stay open for the next request to the same host: up to the sum of the open endpoints' `maxConnections`, and not idle
///   for longer than libcurl would use them. There are never more than `maximumConnections`: the one that was idle for longest makes
///   way, and requests wait in the order they came.
/// - The egress rules judge the address that a connection is about to be made to.
///
/// How it stays cheap: a request lives in a place that is used again (``HTTP1Request``), its head is written into that place's own memory
/// and leaves with the body in one system call, and a connection is registered with epoll once in its life. This file is what callers
/// see; how connections are made and used is beside it (`HTTP1Connecting`, `HTTP1Exchange`).
public final class HTTP1Transport: HTTPTransport {
    public unowned var delegate: (any HTTPTransportDelegate)?

    public let loop: EventLoop
    /// Bytes of an answer's body after which reading stops.
    public let maximumBody: Int
    /// Connections opened so far, attempts that failed included.
    public internal(set) var connectionsOpened = 0
    /// Takes over what an endpoint that may speak something else does not want by HTTP/1.1. False: there is nobody to take it.
    var takeOver: (ReturnedRequest) -> Bool = { _ in false }

    let rules: ConnectionRules
    /// Connections at once, idle ones included.
    var maximumConnections: Int {
        didSet {
            while connectionCount > maximumConnections, let oldest = idle.first { close(oldest.connection) }
            if !waiting.isEmpty { events.takeATurn() }
        }
    }
    let events: HTTP1Events
    /// What was received last, or is sent next.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    private var endpoints = EndpointTable<HTTP1Endpoint>()
    var hosts: HTTP1Hosts
    /// Sum of `maxConnections` of the open endpoints.
    private var wantedConnections = 0
    var connectionCount = 0

    private var requests: [HTTP1Request.Pointer] = []
    private var free: [HTTP1Request.Pointer] = []
    private var cancelled: [HTTP1Request.Pointer] = []
    var timeouts = Timeouts()
    /// Requests that begin in the next turn.
    private var starting = LinkedList()
    /// Requests that wait until there may be another connection.
    var waiting = LinkedList()
    /// Requests whose connections are being made.
    var connecting = LinkedList()
    /// Connections, in the order in which they became idle.
    var idle = LinkedList()

    /// - Parameters: as those of `CurlTransport`.
    public init(
        loop: EventLoop, rules: EgressRules, ownListeners: OwnListeners = OwnListeners(), requests: Int = 64, maximumBody: Int = 64 << 10,
        maximumConnections: Int = DescriptorBudget.ofThisProcess.connections
    ) {
        loop.assertOwnThread()
        // Its parser of URLs is used, and what it does about SIGPIPE is what OpenSSL needs too.
        LibCurl.initialize()
        self.loop = loop
        self.rules = ConnectionRules(egress: rules, ownListeners: ownListeners)
        self.maximumBody = maximumBody
        self.maximumConnections = maximumConnections
        events = HTTP1Events(loop: loop)
        hosts = HTTP1Hosts(loop: loop)
        events.install(self)
        hosts.resolver.answered = { [unowned self] answer in resolved(answer) }
        for _ in 0..<requests { free.append(makeRequest()) }
    }

    deinit {
        loop.assertOwnThread()
        hosts.resolver.close()
        for connection in events.connections {
            events.remove(connection)
            HTTP1Connection.destroy(connection)
        }
        events.uninstall()
        for request in requests { HTTP1Request.destroy(request) }
        scratch.deallocate()
    }

    /// Requests that are not completed yet.
    public var inFlight: Int { requests.count - free.count }

    // MARK: Endpoints

    public func open(_ configuration: EndpointConfiguration) throws(EndpointError) -> EndpointID {
        loop.assertOwnThread()
        try configuration.check()
        let target = try target(configuration.url, configuration)
        let queue = timeouts.queue(milliseconds: configuration.timeoutMilliseconds)
        let endpoint = try endpoints.open { (id) throws(EndpointError) in
            HTTP1Endpoint(configuration, id: id, target: target, timeoutQueue: queue)
        }
        target.pool.users += 1
        wantedConnections += configuration.maxConnections
        return endpoint.id
    }

    public func close(_ id: EndpointID) {
        loop.assertOwnThread()
        let endpoint = endpoints[id]
        endpoint.isClosed = true
        wantedConnections -= endpoint.configuration.maxConnections
        releaseIfDone(endpoint)
    }

    private func target(_ url: String, _ configuration: EndpointConfiguration) throws(EndpointError) -> HTTP1Target {
        let judged = try Target(url, configuration, rules.egress, isProxied: false)
        return HTTP1Target(judged, method: configuration.method, pool: hosts.pool(judged.parts, configuration.tls))
    }

    private func releaseIfDone(_ endpoint: HTTP1Endpoint) {
        guard endpoints.releaseIfDone(endpoint) else { return }
        endpoint.target.pool.users -= 1
        hosts.releaseIfUnused(endpoint.target.pool)
    }

    // MARK: Requests

    public func send(endpoint id: EndpointID, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        loop.assertOwnThread()
        let endpoint = endpoints[id]
        let request = free.popLast() ?? makeRequest()
        queue(request, token, endpoint, endpoint.target, headers, body)
    }

    public func send(
        endpoint id: EndpointID, to url: UnsafeRawBufferPointer, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
    ) throws(EndpointError) {
        loop.assertOwnThread()
        let endpoint = endpoints[id]
        let target = try target(String(decoding: url, as: UTF8.self), endpoint.configuration)
        let request = free.popLast() ?? makeRequest()
        target.pool.users += 1
        request.pointee.ownTarget = target
        queue(request, token, endpoint, target, headers, body)
    }

    /// All requests of one turn begin together in the next.
    private func queue(
        _ request: HTTP1Request.Pointer, _ token: Int, _ endpoint: HTTP1Endpoint, _ target: HTTP1Target, _ headers: UnsafeRawBufferPointer,
        _ body: UnsafeRawBufferPointer
    ) {
        request.pointee.begin(token, endpoint, target, headers: headers, body: body)
        request.pointee.startedAt = EventLoop.now()
        timeouts.append(request, to: endpoint.timeoutQueue)
        events.wake(by: request.pointee.deadline)
        endpoint.inFlight += 1
        request.pointee.state = .starting
        if starting.isEmpty { events.takeATurn() }
        starting.append(request.pointee.queueLink)
    }

    private func makeRequest() -> HTTP1Request.Pointer {
        let request = HTTP1Request.make(maximumBody: maximumBody)
        requests.append(request)
        free.reserveCapacity(requests.count)
        return request
    }

    /// Looks through the requests: cancelling is for shutdowns and moving partitions.
    public func cancel(_ token: Int) {
        loop.assertOwnThread()
        guard let request = requests.first(where: { $0.pointee.isInFlight && $0.pointee.token == token }) else { return }
        abandon(request)
        request.pointee.state = .cancelled
        cancelled.append(request)
        events.takeATurn()
    }

    /// Takes a request out of everything that it is part of, its connection with it.
    func abandon(_ request: HTTP1Request.Pointer) {
        if request.pointee.timeoutLink.pointee.isLinked {
            timeouts.remove(request, from: request.pointee.endpoint!.takeUnretainedValue().timeoutQueue)
        }
        switch request.pointee.state {
        case .starting: starting.remove(request.pointee.queueLink)
        case .waiting: waiting.remove(request.pointee.queueLink)
        case .resolving, .connecting: connecting.remove(request.pointee.queueLink)
        case .free, .exchanging, .cancelled: break
        }
        if let connection = request.pointee.connection { close(connection) }
    }

    // MARK: From the loop

    /// Begins what was sent, reports what was cancelled.
    func begin() {
        if !cancelled.isEmpty {
            let batch = cancelled
            cancelled.removeAll(keepingCapacity: true)
            for request in batch {
                deliver(request, HTTPResult(failure: .cancelled, message: "cancelled", duration: EventLoop.now() - request.pointee.startedAt))
            }
        }
        while hasRoom, let first = waiting.first {
            waiting.remove(first)
            begin(first.request)
        }
        // Those that fail at once may be followed by others, which are for the next turn.
        var left = starting.count
        while left > 0, let first = starting.popFirst() {
            left -= 1
            begin(first.request)
        }
        if !starting.isEmpty { events.takeATurn() }
    }

    /// Reports the end of a request, which has left everything but its place. The place is free afterwards.
    func deliver(_ request: HTTP1Request.Pointer, _ result: consuming HTTPResult) {
        let endpoint = request.pointee.endpoint!.takeUnretainedValue()
        endpoint.inFlight -= 1
        // Before the delegate hears of it, which may cancel everything in flight: this request has ended.
        request.pointee.state = .free
        delegate?.requestCompleted(request.pointee.token, result)
        // Only now used again: the result shows its memory.
        release(request, endpoint)
        // A delegate that starts requests while timers fire has work for the next turn.
        loop.skipWait()
    }

    private func release(_ request: HTTP1Request.Pointer, _ endpoint: HTTP1Endpoint) {
        request.pointee.answer.body.forget()
        if let target = request.pointee.ownTarget {
            request.pointee.ownTarget = nil
            target.pool.users -= 1
            hosts.releaseIfUnused(target.pool)
        }
        free.append(request)
        releaseIfDone(endpoint)
    }

    /// Gives a request back that the endpoint did nothing about, as if it had never been sent here.
    func giveBack(_ request: HTTP1Request.Pointer) -> Bool {
        let endpoint = request.pointee.endpoint!.takeUnretainedValue()
        guard !endpoint.isClosed, request.pointee.target!.takeUnretainedValue().pool.tls != nil else { return false }
        let returned = ReturnedRequest(
            endpoint: endpoint.id, url: request.pointee.ownTarget?.judged.text, token: request.pointee.token, headers: request.pointee.headers,
            body: request.pointee.body, startedAt: request.pointee.startedAt)
        guard takeOver(returned) else { return false }
        abandon(request)
        endpoint.inFlight -= 1
        request.pointee.state = .free
        release(request, endpoint)
        return true
    }

    /// Idle connections that are worth keeping, those in use counted with them.
    var keptConnections: Int { min(max(16, wantedConnections), maximumConnections) }
}

/// A request that is somebody else's to send now.
struct ReturnedRequest {
    let endpoint: EndpointID
    /// Nil: the endpoint's own.
    let url: String?
    let token: Int
    let headers: [UInt8]
    let body: UnsafeRawBufferPointer
    /// Its time runs from here on, whoever has it.
    let startedAt: Int64
}
