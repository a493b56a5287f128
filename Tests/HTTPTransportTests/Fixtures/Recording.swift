import Synchronization

/// Answers everything the same way and keeps what it was asked.
final class Recording: Sendable {
    private let answer: String
    private let requests = Mutex<[Request]>([])

    init(answer: String = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") { self.answer = answer }

    /// Runs on the connection's thread.
    func serve(_ peer: Peer) {
        while let request = peer.readRequest() {
            requests.withLock { $0.append(request) }
            peer.write(answer)
        }
    }

    var all: [Request] { requests.withLock { $0 } }
}
