import Egress

/// What all requests to one endpoint share: its configuration, and the bytes that end every request's head.
final class HTTP1Endpoint: OpenEndpoint {
    let id: EndpointID
    let configuration: EndpointConfiguration
    let target: HTTP1Target
    /// Constant headers, and `Content-Length: ` without its value.
    let end: Bytes
    let keptHeaders: [String]
    let keptBody: Int
    /// Which of the queues by timeout.
    let timeoutQueue: Int
    var inFlight = 0
    var isClosed = false

    init(_ configuration: EndpointConfiguration, id: EndpointID, target: HTTP1Target, timeoutQueue: Int) {
        self.id = id
        self.configuration = configuration
        self.target = target
        self.timeoutQueue = timeoutQueue
        keptHeaders = configuration.keptHeaders
        keptBody = configuration.keptBody
        let headers: [UInt8] = configuration.constantHeaders.flatMap { [UInt8]("\($0.name): \($0.value)".utf8) + [0] }
        var head = RequestHead()
        headers.withUnsafeBytes { head.append(headers: $0) }
        head.append("Content-Length: ")
        end = Bytes(head)
    }
}

/// Where a request goes: an endpoint's own URL, or one of a single request.
final class HTTP1Target {
    let judged: Target
    let pool: HTTP1Pool
    /// Request line and `Host`.
    let beginning: Bytes

    init(_ judged: Target, method: EndpointConfiguration.Method, pool: HTTP1Pool) {
        self.judged = judged
        self.pool = pool
        let parts = judged.parts
        var head = RequestHead()
        head.append(method == .options ? "OPTIONS " : "POST ")
        for text in [parts.pathAndQuery, " HTTP/1.1\r\nHost: ", parts.hostHeader, "\r\n"] {
            Array(text.utf8).withUnsafeBytes { head.append($0) }
        }
        beginning = Bytes(head)
    }
}

/// Bytes that never change, at an address that stays.
final class Bytes {
    let bytes: UnsafeRawBufferPointer

    /// Just as much memory as they need: an endpoint lasts, and there may be ten thousand.
    init(_ head: consuming RequestHead) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: head.count, alignment: 1)
        copy.copyMemory(from: UnsafeRawBufferPointer(start: head.bytes, count: head.count))
        head.deallocate()
        bytes = UnsafeRawBufferPointer(copy)
    }

    deinit { bytes.deallocate() }
}
