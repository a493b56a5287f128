import Glibc
import Synchronization

/// Passes connections on to a server that speaks TLS, and sees the first bytes of each: which versions of HTTP its client offers.
final class TLSRelay: Sendable {
    struct Connection: Sendable {
        let offersHTTP2: Bool
    }

    let server: RawServer
    private let seen: Seen

    /// Its own object, so that the server's script does not hold the relay.
    private final class Seen: Sendable {
        let connections = Mutex<[Connection]>([])
    }

    /// - Parameters:
    ///   - port: of the server, on the loopback interface.
    ///   - refused: connections, counted from 0, that are closed in the middle of their handshake.
    init(to port: Int, refusing refused: Set<Int> = []) {
        let seen = Seen()
        self.seen = seen
        server = RawServer { peer in
            var hello = [UInt8](repeating: 0, count: 16 << 10)
            let count = read(peer.descriptor, &hello, hello.count)
            guard count > 0 else { return }
            hello.removeLast(hello.count - count)
            let number = seen.connections.withLock { connections in
                connections.append(Connection(offersHTTP2: hello.firstRange(of: [2] + Array("h2".utf8)) != nil))
                return connections.count - 1
            }
            guard !refused.contains(number), let other = connectedSocket(UInt16(port)) else { return }
            defer { close(other) }
            Peer(descriptor: other).write(hello)
            Self.pass(peer.descriptor, other)
        }
    }

    var connections: [Connection] { seen.connections.withLock { $0 } }

    /// Both ways, until one side ends.
    private static func pass(_ one: Int32, _ other: Int32) {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            var waiting = [pollfd(fd: one, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0)]
            guard poll(&waiting, 2, -1) > 0 else { return }
            for (index, target) in [(0, other), (1, one)] where waiting[index].revents != 0 {
                let count = read(waiting[index].fd, &bytes, bytes.count)
                guard count > 0, Peer(descriptor: target).write(Array(bytes[..<count])) else { return }
            }
        }
    }
}
