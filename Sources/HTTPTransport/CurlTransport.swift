import CCurl
public import Egress
public import EventLoop
import Glibc

/// The transport on libcurl: one multi handle with its connections, driven by one event loop.
///
/// - Requests run in *slots* (``Slot``) that are used again, with the handle's options left as they are wherever the next
///   request does not differ. Free slots form a stack: the one used last, likely for the same endpoint and warm in the
///   cache, goes first.
/// - An answer's body is read up to `maximumBody` and then cut off: the connection (in HTTP/2 the stream) is closed and
///   the status counts as it stands, for the endpoint has said its verdict. A head over 200 lines or 64 KiB, interim
///   answers and trailers included, is a `network` failure.
/// - Redirects are not followed. A request that was sent on an open connection which then closed without a single byte of an
///   answer is sent again on a new one: that is how a server's closing of idle connections looks from here.
/// - Connections stay open for the next request to the same host: up to the sum of the open endpoints' `maxConnections`. There
///   are never more than `maximumConnections`, idle ones included: the one that was idle for longest makes way.
public final class CurlTransport: HTTPTransport {
    public unowned var delegate: (any HTTPTransportDelegate)?

    public let loop: EventLoop
    /// Bytes of an answer's body after which reading stops.
    public let maximumBody: Int

    private let multi: UnsafeMutableRawPointer
    private let sockets: CurlSockets
    /// Connections at once, idle ones included.
    var maximumConnections: Int {
        didSet {
            fanfare_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, maximumConnections)
            sizeConnectionPool()
        }
    }
    /// Ends every list of headers: takes back what libcurl would add by itself. `Expect: 100-continue` costs a round trip,
    /// and a default content type would be a lie.
    private let commonHeaders: UnsafeMutablePointer<curl_slist>?
    private let defaultAuthoritiesPath: String?

    private var endpoints = EndpointTable<Endpoint>()
    /// Sum of `maxConnections` of the open endpoints.
    private var wantedConnections = 0
    private var slots: [Slot.Pointer] = []
    private var free: [Slot.Pointer] = []
    private var cancelled: [Slot.Pointer] = []

    /// - Parameters:
    ///   - ownListeners: where this process listens itself.
    ///   - proxy: what all connections go through.
    ///   - requests: slots to make beforehand; more are made as they are needed.
    ///   - maximumConnections: this transport's part of the budget. Requests beyond it wait within their timeout, so the caller
    ///     should not have more in flight.
    public init(
        loop: EventLoop, rules: EgressRules, ownListeners: OwnListeners = OwnListeners(), proxy: Proxy? = nil, requests: Int = 64,
        maximumBody: Int = 64 << 10, maximumConnections: Int = DescriptorBudget.ofThisProcess.connections
    ) {
        loop.assertOwnThread()
        LibCurl.initialize()
        guard let multi = curl_multi_init() else { fatalError("curl_multi_init failed: out of memory.") }
        self.loop = loop
        self.multi = multi
        self.maximumBody = maximumBody
        self.maximumConnections = maximumConnections
        sockets = CurlSockets(loop: loop, connecting: ConnectionRules(egress: rules, ownListeners: ownListeners), proxy: proxy)
        commonHeaders = ["Expect:", "Accept:", "Content-Type:"].reduce(nil) { (list: UnsafeMutablePointer<curl_slist>?, header: String) in
            curl_slist_append(list, header)
        }
        let probe = curl_easy_init()!
        defaultAuthoritiesPath = LibCurl.text(probe, CURLINFO_CAPATH)
        curl_easy_cleanup(probe)

        sockets.transport = self
        sockets.install(on: multi)
        fanfare_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        fanfare_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, maximumConnections)
        for _ in 0..<requests { free.append(makeSlot()) }
        sizeConnectionPool()
    }

    deinit {
        loop.assertOwnThread()
        for slot in slots {
            if slot.pointee.state == .inFlight { curl_multi_remove_handle(multi, slot.pointee.easy) }
            Slot.destroy(slot)
        }
        curl_multi_cleanup(multi)
        sockets.uninstall()
        curl_slist_free_all(commonHeaders)
    }

    // MARK: Observation

    /// Requests that are not completed yet.
    public var inFlight: Int { slots.count - free.count }
    /// Connections opened so far, attempts that failed included.
    public var connectionsOpened: Int { sockets.socketsOpened }

    // MARK: Endpoints

    public func open(_ configuration: EndpointConfiguration) throws(EndpointError) -> EndpointID {
        loop.assertOwnThread()
        let endpoint = try endpoints.open { (id) throws(EndpointError) in
            try Endpoint(configuration, id: id, rules: sockets.connecting.egress, isProxied: sockets.proxy != nil, commonHeaders: commonHeaders)
        }
        wantedConnections += configuration.maxConnections
        sizeConnectionPool()
        return endpoint.id
    }

    public func close(_ id: EndpointID) {
        loop.assertOwnThread()
        let endpoint = endpoints[id]
        endpoint.isClosed = true
        wantedConnections -= endpoint.configuration.maxConnections
        sizeConnectionPool()
        endpoints.releaseIfDone(endpoint)
    }

    /// libcurl's own default is four times the requests in flight at the moment: a quiet moment would close nearly all.
    private func sizeConnectionPool() {
        fanfare_multi_set_long(multi, CURLMOPT_MAXCONNECTS, min(max(16, wantedConnections), maximumConnections))
    }

    /// What is known of an open endpoint.
    func endpoint(_ id: EndpointID) -> Endpoint { endpoints[id] }

    // MARK: Requests

    public func send(endpoint id: EndpointID, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        send(endpoint: id, token: token, headers: headers, body: body, startedAt: EventLoop.now())
    }

    /// - Parameter startedAt: in the past for a request that somebody else had until now; it has what is left of its time.
    func send(endpoint id: EndpointID, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, startedAt: Int64) {
        loop.assertOwnThread()
        let endpoint = endpoints[id]
        let slot = free.popLast() ?? makeSlot()
        if slot.pointee.endpointID != id { configure(slot, for: endpoint, endpoint.target) }
        send(slot, endpoint, token: token, headers: headers, body: body, startedAt: startedAt)
    }

    public func send(
        endpoint id: EndpointID, to url: UnsafeRawBufferPointer, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
    ) throws(EndpointError) {
        try send(endpoint: id, to: url, token: token, headers: headers, body: body, startedAt: EventLoop.now())
    }

    func send(
        endpoint id: EndpointID, to url: UnsafeRawBufferPointer, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, startedAt: Int64
    ) throws(EndpointError) {
        loop.assertOwnThread()
        let endpoint = endpoints[id]
        let target = try Target(String(decoding: url, as: UTF8.self), endpoint.configuration, sockets.connecting.egress, isProxied: sockets.proxy != nil)
        let slot = free.popLast() ?? makeSlot()
        configure(slot, for: endpoint, target)
        // The next request goes elsewhere.
        slot.pointee.endpointID = nil
        send(slot, endpoint, token: token, headers: headers, body: body, startedAt: startedAt)
    }

    private func send(
        _ slot: Slot.Pointer, _ endpoint: Endpoint, token: Int, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, startedAt: Int64
    ) {
        let easy = slot.pointee.easy
        if slot.pointee.waitsForConnection != endpoint.sharesConnections {
            slot.pointee.waitsForConnection = endpoint.sharesConnections
            fanfare_easy_set_long(easy, CURLOPT_PIPEWAIT, endpoint.sharesConnections ? 1 : 0)
        }
        let forbidsReuse = endpoint.isTried(by: slot.pointee.target)
        if slot.pointee.forbidsReuse != forbidsReuse {
            slot.pointee.forbidsReuse = forbidsReuse
            fanfare_easy_set_long(easy, CURLOPT_FORBID_REUSE, forbidsReuse ? 1 : 0)
        }
        slot.pointee.headers.fill(headers, tail: endpoint.headers.head)
        if slot.pointee.headerHead != slot.pointee.headers.head {
            slot.pointee.headerHead = slot.pointee.headers.head
            fanfare_easy_set_pointer(easy, CURLOPT_HTTPHEADER, slot.pointee.headerHead)
        }
        // Not null also when there is nothing to send: null would make libcurl ask a read callback for a body.
        fanfare_easy_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, body.count)
        fanfare_easy_set_pointer(easy, CURLOPT_POSTFIELDS, body.baseAddress ?? UnsafeRawPointer(easy))

        let now = EventLoop.now()
        slot.pointee.begin(token, keeping: endpoint.configuration.keptHeaders, startedAt: startedAt)
        // At least one, because to libcurl none means for ever.
        if now - startedAt >= 1_000_000 { limit(slot, milliseconds: max(1, milliseconds(leftOf: slot, endpoint, at: now))) }
        endpoint.inFlight += 1
        start(easy)
    }

    /// Only queues it: libcurl asks for its timer at once, so that all requests of one turn start together in the next.
    private func start(_ easy: UnsafeMutableRawPointer) {
        let code = curl_multi_add_handle(multi, easy)
        guard code == CURLM_OK else { fatalError("curl_multi_add_handle: \(String(cString: curl_multi_strerror(code)))") }
    }

    private func configure(_ slot: Slot.Pointer, for endpoint: Endpoint, _ target: Target) {
        let easy = slot.pointee.easy
        let configuration = endpoint.configuration
        slot.pointee.endpoint = .passUnretained(endpoint)
        slot.pointee.endpointID = endpoint.id
        slot.pointee.target = target
        slot.pointee.keptBody = configuration.keptBody
        // Without this libcurl keeps the text of the URL before, and names that one if it has to start over.
        fanfare_easy_set_string(easy, CURLOPT_URL, nil)
        fanfare_easy_set_pointer(easy, CURLOPT_CURLU, UnsafeRawPointer(target.url))
        fanfare_easy_set_long(easy, CURLOPT_TIMEOUT_MS, configuration.timeoutMilliseconds)
        fanfare_easy_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeoutMilliseconds)
        if slot.pointee.method != configuration.method {
            slot.pointee.method = configuration.method
            // Without a body it is a request with `Content-Length: 0`, as every method may have it.
            fanfare_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, configuration.method == .options ? "OPTIONS" : nil)
        }
        let version = configuration.httpVersion == .http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS
        fanfare_easy_set_long(easy, CURLOPT_HTTP_VERSION, Int(version))
        slot.pointee.use(endpoint.tls, defaultAuthoritiesPath: defaultAuthoritiesPath)
    }

    private func makeSlot() -> Slot.Pointer {
        let slot = Slot.make(sockets: sockets, maximumBody: maximumBody)
        slots.append(slot)
        free.reserveCapacity(slots.count)
        return slot
    }

    /// Looks through the slots: cancelling is for shutdowns and moving partitions.
    public func cancel(_ token: Int) {
        loop.assertOwnThread()
        guard let slot = slots.first(where: { $0.pointee.state == .inFlight && $0.pointee.token == token }) else { return }
        curl_multi_remove_handle(multi, slot.pointee.easy)
        slot.pointee.state = .cancelled
        cancelled.append(slot)
        sockets.reportCancellations()
    }

    // MARK: From the loop

    /// Lets libcurl do what a socket or its timer allows, then delivers what ended.
    ///
    /// - Returns: whether anything did.
    @discardableResult
    func drive(_ descriptor: Int32, _ events: Int32) -> Bool {
        var running: Int32 = 0
        let code = curl_multi_socket_action(multi, descriptor, events, &running)
        guard code == CURLM_OK else { fatalError("curl_multi_socket_action: \(String(cString: curl_multi_strerror(code)))") }
        var hasEnded = false
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            let code = message.pointee.data.result
            hasEnded = true
            finish(LibCurl.slot(of: message.pointee.easy_handle)!, code)
        }
        return hasEnded
    }

    func deliverCancelled() {
        let batch = cancelled
        cancelled.removeAll(keepingCapacity: true)
        for slot in batch {
            deliver(slot, HTTPResult(failure: .cancelled, message: "cancelled", duration: EventLoop.now() - slot.pointee.startedAt))
        }
    }

    private func finish(_ slot: Slot.Pointer, _ code: CURLcode) {
        let easy = slot.pointee.easy
        curl_multi_remove_handle(multi, easy)
        let endpoint = slot.pointee.endpoint!.takeUnretainedValue()
        if resend(slot, code, endpoint) { return }
        var result = HTTPResult(
            duration: EventLoop.now() - slot.pointee.startedAt,
            reusedConnection: LibCurl.number(easy, CURLINFO_NUM_CONNECTS) == 0)
        if slot.pointee.hasAnswer(code) {
            result.status = LibCurl.number(easy, CURLINFO_RESPONSE_CODE)
            result.httpVersion = LibCurl.httpVersion(easy)
            result.retryAfter = slot.pointee.head.retryAfter
            result.directive = slot.pointee.head.directive
            result.headers = slot.pointee.head.kept
            result.body = slot.pointee.body.bytes
            endpoint.answered(slot.pointee.target, status: result.status, httpVersion: result.httpVersion)
        } else {
            CurlFailure.describe(code == CURLE_OK ? CURLE_PARTIAL_FILE : code, slot, endpoint, &result)
            if endpoint.configuration.httpVersion != .http2 { endpoint.sharesConnections = false }
        }
        deliver(slot, result)
    }

    /// Starts the request once more if it met a connection that closed under it. libcurl does that by itself, but 7.88
    /// counts the occasions over the whole life of a handle and gives up at every sixth.
    private func resend(_ slot: Slot.Pointer, _ code: CURLcode, _ endpoint: Endpoint) -> Bool {
        let easy = slot.pointee.easy
        guard code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR, !slot.pointee.wasResent,
            LibCurl.number(easy, CURLINFO_NUM_CONNECTS) == 0, LibCurl.number(easy, CURLINFO_HEADER_SIZE) == 0
        else { return false }
        let left = milliseconds(leftOf: slot, endpoint, at: EventLoop.now())
        guard left > 0 else { return false }
        limit(slot, milliseconds: left)
        slot.pointee.wasResent = true
        slot.pointee.errorText[0] = 0
        start(easy)
        return true
    }

    private func milliseconds(leftOf slot: Slot.Pointer, _ endpoint: Endpoint, at now: Int64) -> Int {
        endpoint.configuration.timeoutMilliseconds - Int((now - slot.pointee.startedAt) / 1_000_000)
    }

    /// Of this request; the next one is configured anew and has its whole time.
    private func limit(_ slot: Slot.Pointer, milliseconds: Int) {
        fanfare_easy_set_long(slot.pointee.easy, CURLOPT_TIMEOUT_MS, milliseconds)
        slot.pointee.endpointID = nil
    }

    private func deliver(_ slot: Slot.Pointer, _ result: consuming HTTPResult) {
        let endpoint = slot.pointee.endpoint!.takeUnretainedValue()
        endpoint.inFlight -= 1
        // Before the delegate hears of it, which may cancel everything in flight: this request has ended.
        slot.pointee.state = .free
        delegate?.requestCompleted(slot.pointee.token, result)
        // Only now used again: the result shows the slot's memory.
        slot.pointee.body.forget()
        free.append(slot)
        // A delegate that starts requests while timers fire has work for the next turn.
        loop.skipWait()
        endpoints.releaseIfDone(endpoint)
    }
}
