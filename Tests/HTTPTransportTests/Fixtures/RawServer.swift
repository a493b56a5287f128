import Foundation
import Glibc
import Synchronization

/// A server on a loopback port of the kernel's choice that does with each connection what a test says, byte by byte.
final class RawServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var accepted = 0
        var open: Set<Int32> = []
        var stopped = false
    }

    /// - Parameter script: runs on a thread of its own for each connection, which is closed when it returns.
    init(_ script: @escaping @Sendable (Peer) -> Void) {
        let (listener, port) = boundSocket()
        precondition(listen(listener, 1024) == 0)
        self.listener = listener
        self.port = port
        Thread.detachNewThread { [self] in
            // Closed here and not by `stop`: between two calls the number could become another test's listener.
            defer { Glibc.close(listener) }
            while true {
                let peer = accept(listener, nil, nil)
                guard peer >= 0 else { return }
                let goOn = state.withLock { state in
                    state.accepted += 1
                    if !state.stopped { state.open.insert(peer) }
                    return !state.stopped
                }
                guard goOn else {
                    Glibc.close(peer)
                    return
                }
                let thread = Thread { [self] in
                    script(Peer(descriptor: peer))
                    // Under the lock, so that `stop` never meets a number that is somebody else's by then.
                    state.withLock { state in
                        state.open.remove(peer)
                        Glibc.close(peer)
                    }
                }
                thread.stackSize = 256 << 10
                thread.start()
            }
        }
    }

    /// Answers every request on every connection the same way.
    static func answering(_ answer: String) -> RawServer {
        RawServer { peer in
            while peer.readRequest() != nil { peer.write(answer) }
        }
    }

    var accepted: Int { state.withLock { $0.accepted } }
    var url: String { "http://127.0.0.1:\(port)/hook" }

    func stop() {
        state.withLock { state in
            state.stopped = true
            for peer in state.open { shutdown(peer, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }
}

struct Request: Sendable {
    var line: String
    /// As received, in order.
    var headers: [String]
    var body: [UInt8]

    func values(_ name: String) -> [String] {
        headers.filter { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }
}

/// The server's side of one connection.
struct Peer: Sendable {
    let descriptor: Int32

    /// Nil when the client closed.
    func readRequest() -> Request? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        var head: Int?
        var length = 0
        while true {
            if head == nil, let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                head = end.upperBound
                let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
                length = Request(line: "", headers: lines, body: []).values("content-length").first.flatMap { Int($0) } ?? 0
            }
            if let head, bytes.count >= head + length {
                let lines = String(decoding: bytes[..<(head - 4)], as: UTF8.self).components(separatedBy: "\r\n")
                return Request(line: lines[0], headers: Array(lines[1...]), body: Array(bytes[head..<(head + length)]))
            }
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
        }
    }

    /// False when the client is gone.
    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Closes this direction only.
    func endStream() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Returns when the client closes its side.
    func waitForEnd() {
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) > 0 {}
    }
}

/// Lets the threads of a test's server wait for the test, or for each other.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func open(for waiters: Int = 1) { for _ in 0..<waiters { semaphore.signal() } }
    func wait() { semaphore.wait() }
}
