import CLinux
import EventLoop
import Glibc

/// One connection, and what it is doing. In epoll once, for everything, from its beginning to its end (edge-triggered): a request on it
/// costs no `epoll_ctl`.
struct HTTP1Connection {
    typealias Pointer = UnsafeMutablePointer<HTTP1Connection>

    enum Phase { case connecting, shakingHands, exchanging, idle }

    let descriptor: Int32
    let pool: Unmanaged<HTTP1Pool>
    var phase = Phase.connecting
    /// Which one it serves or is made for.
    var request: HTTP1Request.Pointer?
    /// OpenSSL's, once it shakes hands.
    var tls: OpaquePointer?
    /// The socket took less than it was given: what is left goes when it is writable.
    var isFull = false
    var idleSince: Int64 = 0
    /// Among the idle ones of its pool.
    let poolLink: Link.Pointer
    /// Among all idle ones.
    let idleLink: Link.Pointer

    static let interest: Readiness = [.readable, .writable, .peerClosed, .edgeTriggered]
    /// Nothing more will be received than what is there.
    static let ending: Readiness = [.peerClosed, .hangUp, .error]

    static func make(_ descriptor: Int32, _ pool: HTTP1Pool, _ request: HTTP1Request.Pointer) -> Pointer {
        let connection = Pointer.allocate(capacity: 1)
        connection.initialize(
            to: HTTP1Connection(
                descriptor: descriptor, pool: .passUnretained(pool), request: request, poolLink: Link.make(connection), idleLink: Link.make(connection)))
        return connection
    }

    /// Closes the socket too.
    static func destroy(_ connection: Pointer) {
        if let tls = connection.pointee.tls { TLSConnection.close(tls) }
        close(connection.pointee.descriptor)
        connection.pointee.poolLink.deallocate()
        connection.pointee.idleLink.deallocate()
        connection.deallocate()
    }

    // MARK: Sockets

    /// Not blocking, without delay, and a peer that vanished is noticed also while it is idle.
    static func prepare(_ descriptor: Int32) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 30)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 15)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Why connecting failed; 0: it did not.
    var connectError: Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
    }

    // MARK: Bytes

    func receive(_ memory: UnsafeMutableRawBufferPointer) -> Transfer {
        if let tls { return TLSConnection.receive(tls, memory.baseAddress!, memory.count) }
        while true {
            let count = recv(descriptor, memory.baseAddress!, memory.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended(isTruncated: false) }
            if errno == EAGAIN { return .wouldBlock }
            if errno != EINTR { return .failed(errno, nil) }
        }
    }

    /// Sends what of a request's head and body is not written yet.
    ///
    /// - Parameter scratch: for what TLS wants to have in one piece.
    func send(_ request: HTTP1Request.Pointer, _ scratch: UnsafeMutableRawBufferPointer) -> Transfer {
        let head = UnsafeRawBufferPointer(start: request.pointee.head.bytes, count: request.pointee.head.count)
        let written = request.pointee.written
        let body = request.pointee.body
        if let tls {
            guard written < head.count, body.count > 0 else {
                let part = written < head.count ? head : body
                let offset = written < head.count ? written : written - head.count
                return TLSConnection.send(tls, part.baseAddress! + offset, min(scratch.count, part.count - offset))
            }
            // One record and not two.
            let first = min(scratch.count, head.count - written)
            memcpy(scratch.baseAddress!, head.baseAddress! + written, first)
            let second = min(scratch.count - first, body.count)
            memcpy(scratch.baseAddress! + first, body.baseAddress!, second)
            return TLSConnection.send(tls, scratch.baseAddress!, first + second)
        }
        return send(head, body, from: written)
    }

    private func send(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer, from written: Int) -> Transfer {
        let beginning = min(written, head.count)
        let offset = written - beginning
        return withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { parts in
            parts.initializeElement(
                at: 0, to: iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress! + beginning), iov_len: head.count - beginning))
            parts.initializeElement(
                at: 1, to: iovec(iov_base: body.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + offset) }, iov_len: body.count - offset))
            var message = msghdr()
            message.msg_iov = parts.baseAddress
            message.msg_iovlen = 2
            while true {
                let count = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                if count >= 0 { return .bytes(count) }
                if errno == EAGAIN { return .wouldBlock }
                if errno != EINTR { return .failed(errno, nil) }
            }
        }
    }
}

/// How moving bytes over a connection went.
enum Transfer {
    case bytes(Int)
    case wouldBlock
    /// - isTruncated: without the good-bye that TLS has.
    case ended(isTruncated: Bool)
    /// By `errno`, or by what OpenSSL says.
    case failed(Int32, String?)
}
