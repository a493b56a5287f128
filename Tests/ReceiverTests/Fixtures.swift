import Glibc
import Receiver
import Signing
import Synchronization

/// Collects what a receiver reports.
final class Deliveries: Sendable {
    private let list = Mutex<[Delivery]>([])
    func add(_ delivery: Delivery) { list.withLock { $0.append(delivery) } }
    var all: [Delivery] { list.withLock { $0 } }
}

/// Receives on a free port while the body runs, and waits until the receiver has ended.
func receiving(
    _ options: ReceiverOptions, _ body: @Sendable @escaping (WebhookReceiver, Deliveries, Int) async throws -> Void
) async throws {
    let deliveries = Deliveries()
    let receiver = try WebhookReceiver(options: options) { deliveries.add($0) }
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await receiver.run { continuation.yield($0) }
        }
        for await port in ports {
            try await body(receiver, deliveries, port)
            break
        }
        group.cancelAll()
        try await group.waitForAll()
    }
}

/// The headers of a signed delivery.
func signed(_ body: String, id: String, by secret: StandardWebhooks.Secret, at time: Int64 = now()) -> [String] {
    let signer = StandardSigner(secrets: [secret])
    // One byte more than the signature: the signer's scratch.
    var signature = [UInt8](repeating: 0, count: signer.longest + 1)
    var id = id
    var body = body
    id.withUTF8 { id in
        body.withUTF8 { body in
            signature.withUnsafeMutableBytes { target in
                _ = signer.sign(
                    SignedContent(id: UnsafeRawBufferPointer(id), timestamp: time, body: UnsafeRawBufferPointer(body)), into: target)
            }
        }
    }
    return ["webhook-id: \(id)", "webhook-timestamp: \(time)", "webhook-signature: \(String(decoding: signature.dropLast(), as: UTF8.self))"]
}

func now() -> Int64 { Int64(time(nil)) }

struct HTTPReply {
    var status: Int
    /// With the status line, in lower case.
    var head: String
}

struct ConnectionFailed: Error {}

/// On a connection of its own.
func post(_ body: String, to path: String, port: Int, headers: [String] = [], method: String = "POST") async throws -> HTTPReply {
    try await onThread { try exchange(body, path, port, headers, method) }
}

/// Runs what blocks on a thread of its own. Dispatch's threads will not do: they are those of the concurrency pool.
private func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let work = Work { continuation.resume(with: Swift.Result(catching: body)) }
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, { pointer in
            Unmanaged<Work>.fromOpaque(pointer!).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(work).toOpaque())
        precondition(result == 0, "no thread for a request")
        pthread_detach(thread)
    }
}

private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func exchange(_ body: String, _ path: String, _ port: Int, _ headers: [String], _ method: String) throws -> HTTPReply {
    let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard connection >= 0 else { throw ConnectionFailed() }
    defer { close(connection) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard connected == 0 else { throw ConnectionFailed() }
    let lines = ["\(method) \(path) HTTP/1.1", "Host: localhost", "Connection: close", "Content-Length: \(body.utf8.count)"] + headers
    let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    guard send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw ConnectionFailed() }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = recv(connection, &buffer, buffer.count, 0)
        if count <= 0 { break }
        answer += buffer[..<count]
    }
    let text = String(decoding: answer, as: UTF8.self)
    guard let separator = text.firstRange(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else { throw ConnectionFailed() }
    return HTTPReply(status: status, head: text[..<separator.lowerBound].lowercased())
}
