import Egress
import Glibc

/// Everything one request in flight needs, allocated once and used again.
struct HTTP1Request {
    typealias Pointer = UnsafeMutablePointer<HTTP1Request>

    enum State {
        case free
        /// Begins in the loop's next turn.
        case starting
        /// Begins when there is room for another connection.
        case waiting
        /// Waits for its host's addresses.
        case resolving
        /// Has a connection of its own that is being made.
        case connecting
        /// Has a connection.
        case exchanging
        /// Ended, and is reported in the loop's next turn.
        case cancelled
    }

    var state = State.free
    var token = 0
    /// Lives as long as the request is in flight.
    var endpoint: Unmanaged<HTTP1Endpoint>?
    var target: Unmanaged<HTTP1Target>?
    /// A target of this request alone.
    var ownTarget: HTTP1Target?

    var head = RequestHead()
    var body = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Of head and body together.
    var written = 0
    var answer: AnswerParser
    var connection: HTTP1Connection.Pointer?
    /// On the connection that it has now.
    var isOnReusedConnection = false
    /// Met a connection that closed under it, and goes on a new one.
    var isRetried = false

    // Nanoseconds of the loop's clock.
    var startedAt: Int64 = 0
    var deadline: Int64 = 0
    /// Of name resolution, TCP and TLS together.
    var connectDeadline: Int64 = 0
    /// Of the connection to one address, where there are others.
    var attemptDeadline: Int64 = 0

    // Of the connection that is being made for it.
    /// Where in its host's addresses it began.
    var firstAddress = 0
    var nextAddress = 0
    var attempts = 0
    var denied: (address: IPAddress?, reason: AddressPolicy.Reason)?
    /// `errno` of `socket`, when that failed.
    var socketError: Int32 = 0
    /// `errno` of the last attempt to connect.
    var connectError: Int32 = 0

    /// In the queue of those that begin, wait for room, or make a connection.
    let queueLink: Link.Pointer
    /// Among those with the same timeout.
    let timeoutLink: Link.Pointer

    static func make(maximumBody: Int) -> Pointer {
        let request = Pointer.allocate(capacity: 1)
        request.initialize(
            to: HTTP1Request(answer: AnswerParser(maximumBody: maximumBody), queueLink: Link.make(request), timeoutLink: Link.make(request)))
        return request
    }

    static func destroy(_ request: Pointer) {
        request.pointee.head.deallocate()
        request.pointee.answer.body.forget()
        request.pointee.queueLink.deallocate()
        request.pointee.timeoutLink.deallocate()
        request.deinitialize(count: 1)
        request.deallocate()
    }

    var byteCount: Int { head.count + body.count }
    /// Those of this request alone.
    var headers: [UInt8] { head.headers(from: target!.takeUnretainedValue().beginning.bytes.count) }
    var isInFlight: Bool { state != .free && state != .cancelled }
    var isConnecting: Bool { state == .resolving || state == .connecting }

    mutating func begin(_ token: Int, _ endpoint: HTTP1Endpoint, _ target: HTTP1Target, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        self.token = token
        self.endpoint = .passUnretained(endpoint)
        self.target = .passUnretained(target)
        self.body = body
        head.write(beginning: target.beginning.bytes, headers: headers, end: endpoint.end.bytes, bodyCount: body.count)
        isRetried = false
        connection = nil
    }

    /// Nothing was sent and nothing has come.
    mutating func beginExchange() {
        written = 0
        let endpoint = endpoint!.takeUnretainedValue()
        answer.begin(keeping: endpoint.keptHeaders, body: endpoint.keptBody)
    }

    mutating func beginConnecting(_ now: Int64, within milliseconds: Int) {
        nextAddress = 0
        attempts = 0
        denied = nil
        socketError = 0
        connectError = 0
        connectDeadline = now + Int64(milliseconds) * 1_000_000
        attemptDeadline = connectDeadline
    }
}

extension Link.Pointer {
    var request: HTTP1Request.Pointer { pointee.owner.assumingMemoryBound(to: HTTP1Request.self) }
    var connection: HTTP1Connection.Pointer { pointee.owner.assumingMemoryBound(to: HTTP1Connection.self) }
}
