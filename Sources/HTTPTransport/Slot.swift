import CCurl
import CLinux
import Egress
import EventLoop
import Glibc

/// Everything one request in flight needs, allocated once and used again: the easy handle with its callbacks installed,
/// room for headers, the beginning of the answer.
///
/// Lives at a fixed address that libcurl's callbacks get as their `userdata`, in memory of the transport.
struct Slot {
    typealias Pointer = UnsafeMutablePointer<Slot>

    enum State { case free, inFlight, cancelled }
    /// Why our own callback stopped the answer.
    enum Stop { case none, headTooLarge, bodyLongEnough }

    let easy: UnsafeMutableRawPointer
    /// Outlives the slot.
    let sockets: Unmanaged<CurlSockets>
    var state = State.free

    // What the handle is set to, to be changed only where it differs.
    /// Nil: to none, or to one that is gone.
    var endpoint: Unmanaged<Endpoint>?
    var endpointID: EndpointID?
    /// Where the request goes: mostly the endpoint's own.
    var target: Target?
    /// Nil: the system's authorities, no pins and no certificate.
    var tls: TLSMaterial?
    var waitsForConnection = false
    var forbidsReuse = false
    var method = EndpointConfiguration.Method.post
    var headerHead: UnsafeMutablePointer<curl_slist>?

    // The request.
    var token = 0
    var startedAt: Int64 = 0
    var wasResent = false
    var headers = HeaderList()

    // The answer.
    var head = ResponseHead()
    var stop = Stop.none
    var body = KeptBody()
    /// As much of it as the endpoint wants to see.
    var keptBody = 0
    let maximumBody: Int
    var socketsOpened = 0
    /// `errno` of `socket`, when that failed for want of a descriptor or memory.
    var socketError: Int32 = 0
    var denied: (address: IPAddress?, reason: AddressPolicy.Reason)?
    /// Of `CURL_ERROR_SIZE`; libcurl writes what went wrong.
    let errorText: UnsafeMutablePointer<CChar>

    mutating func begin(_ token: Int, keeping headers: [String], startedAt: Int64) {
        self.token = token
        state = .inFlight
        wasResent = false
        head = ResponseHead(keeping: headers)
        stop = .none
        body.begin(keeping: keptBody)
        socketsOpened = 0
        socketError = 0
        denied = nil
        errorText[0] = 0
        self.startedAt = startedAt
    }

    /// Whether a request that ended with this code was answered: completely, as far as we wanted to read, or with a body that
    /// is packed in a way that libcurl cannot unpack, which we do not need.
    func hasAnswer(_ code: CURLcode) -> Bool {
        switch code {
        case CURLE_OK, CURLE_BAD_CONTENT_ENCODING: head.isComplete
        case CURLE_WRITE_ERROR: head.isComplete && stop == .bodyLongEnough
        case CURLE_HTTP2_STREAM: head.isComplete && streamClosedCleanly
        default: false
        }
    }

    /// After CURLE_HTTP2_STREAM: the endpoint closed the stream before it had the whole body, as one may that has answered
    /// (RFC 9113, section 8.1). libcurl 7.88 reads what came, then finds the stream closed when it would send the rest; it is
    /// the only end of a stream for which it has no text of its own. (Later ones do so in fewer cases: curl/curl#22984.)
    var streamClosedCleanly: Bool { errorText[0] == 0 }
}

// MARK: Making and freeing

extension Slot {
    /// Options that are the same for every request; the others are set by `CurlTransport.send`.
    static func make(sockets: CurlSockets, maximumBody: Int) -> Pointer {
        guard let easy = curl_easy_init() else { fatalError("curl_easy_init failed: out of memory.") }
        let slot = Pointer.allocate(capacity: 1)
        let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        slot.initialize(
            to: Slot(easy: easy, sockets: .passUnretained(sockets), maximumBody: maximumBody, errorText: errorText))
        slot.install()
        return slot
    }

    static func destroy(_ slot: Pointer) {
        curl_easy_cleanup(slot.pointee.easy)
        slot.pointee.headers.deallocate()
        slot.pointee.body.forget()
        slot.pointee.errorText.deallocate()
        slot.deinitialize(count: 1)
        slot.deallocate()
    }
}

extension Slot.Pointer {
    fileprivate func install() {
        let easy = pointee.easy
        let sockets = pointee.sockets.toOpaque()
        let proxy = pointee.sockets.takeUnretainedValue().proxy
        fanfare_easy_set_pointer(easy, CURLOPT_PRIVATE, self)
        fanfare_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, pointee.errorText)

        // Signals are not per thread; without them libcurl resolves names and times out by its own threads and clock.
        fanfare_easy_set_long(easy, CURLOPT_NOSIGNAL, 1)
        fanfare_easy_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        fanfare_easy_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        // Given in any case, which keeps libcurl from looking through the environment for proxies at every request.
        fanfare_easy_set_string(easy, CURLOPT_PROXY, proxy?.url ?? "")
        fanfare_easy_set_string(easy, CURLOPT_NOPROXY, "")
        // A proxy's answer to CONNECT is not the endpoint's.
        fanfare_easy_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        fanfare_easy_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        // The cache is one per handle, five sessions each: with thousands of handles much memory for few hits.
        fanfare_easy_set_long(easy, CURLOPT_SSL_SESSIONID_CACHE, 0)
        // Parsed authorities are kept for as long; a replaced file is seen after it.
        fanfare_easy_set_long(easy, CURLOPT_CA_CACHE_TIMEOUT, 600)
        fanfare_easy_set_long(easy, CURLOPT_TCP_NODELAY, 1)
        // A peer that vanished is noticed also on a connection that waits for its next request.
        fanfare_easy_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        fanfare_easy_set_long(easy, CURLOPT_TCP_KEEPIDLE, 30)
        fanfare_easy_set_long(easy, CURLOPT_TCP_KEEPINTVL, 15)

        // Of each request in flight; answers are small, and libcurl's own choice of 16 KiB is for downloads.
        fanfare_easy_set_long(easy, CURLOPT_BUFFERSIZE, 4096)

        fanfare_easy_set_opensocket(easy, openSocket)
        fanfare_easy_set_pointer(easy, CURLOPT_OPENSOCKETDATA, self)
        fanfare_easy_set_closesocket(easy, closeSocket)
        // The connection outlives the request and its slot.
        fanfare_easy_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, sockets)
        fanfare_easy_set_writer(easy, CURLOPT_HEADERFUNCTION, receiveHeader)
        fanfare_easy_set_pointer(easy, CURLOPT_HEADERDATA, self)
        fanfare_easy_set_writer(easy, CURLOPT_WRITEFUNCTION, receiveBody)
        fanfare_easy_set_pointer(easy, CURLOPT_WRITEDATA, self)
    }
}

// MARK: Callbacks

private let receiveHeader: curl_write_callback = { bytes, size, count, slot in
    let slot = slot!.assumingMemoryBound(to: Slot.self)
    let length = size * count
    guard length > 0 else { return 0 }
    guard slot.pointee.head.take(UnsafeRawBufferPointer(start: bytes, count: length)) else {
        slot.pointee.stop = .headTooLarge
        return 0
    }
    return length
}

/// Returning less than was offered ends the request with `CURLE_WRITE_ERROR`.
private let receiveBody: curl_write_callback = { bytes, size, count, slot in
    let slot = slot!.assumingMemoryBound(to: Slot.self)
    let length = size * count
    if length > 0 { slot.pointee.body.take(bytes!, length) }
    guard slot.pointee.body.received <= slot.pointee.maximumBody else {
        slot.pointee.stop = .bodyLongEnough
        return 0
    }
    return length
}

/// The one place where egress rules meet the address that is really connected to: after name resolution, before the socket
/// exists.
private let openSocket: curl_opensocket_callback = { slot, _, address in
    let slot = slot!.assumingMemoryBound(to: Slot.self)
    let target = UnsafePointer(address!)
    let socketAddress = LibCurl.address(of: target)
    let sockets = slot.pointee.sockets.takeUnretainedValue()
    let hostIsAllowed = slot.pointee.target?.hostIsAllowed ?? false
    let length = target.pointee.addrlen
    switch sockets.verdict(socketAddress, length: length, hostIsAllowed: hostIsAllowed) {
    case .denied(let reason):
        slot.pointee.denied = (IPAddress(socketAddress, length: length), reason)
        return -1
    case .allowed:
        let kind = target.pointee.socktype | FANFARE_SOCK_CLOEXEC
        let descriptor = sockets.connecting.budget.socket(target.pointee.family, kind, target.pointee.protocol)
        guard descriptor >= 0 else {
            // A kernel without IPv6 has nothing against IPv4.
            if errno != EAFNOSUPPORT { slot.pointee.socketError = errno }
            return -1
        }
        slot.pointee.socketsOpened += 1
        sockets.opened(descriptor)
        return descriptor
    }
}

extension CurlSockets {
    /// A proxy's address is the operator's choice, and no concern of the rules for endpoints.
    fileprivate func verdict(_ address: UnsafePointer<sockaddr>, length: socklen_t, hostIsAllowed: Bool) -> AddressPolicy.Verdict {
        proxy != nil ? .allowed : connecting.verdict(address, length: length, hostIsAllowed: hostIsAllowed)
    }
}

private let closeSocket: curl_closesocket_callback = { sockets, descriptor in
    Unmanaged<CurlSockets>.fromOpaque(sockets!).takeUnretainedValue().closed(descriptor)
    return close(descriptor)
}
