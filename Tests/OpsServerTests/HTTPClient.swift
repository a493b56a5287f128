import Glibc

/// A bare HTTP/1.1 request on its own connection: what a probe does.
struct HTTPReply {
    var status: Int
    /// With the status line, in lower case.
    var head: String
    var body: String
}

struct ConnectionFailed: Error {}

/// On a connection of its own.
///
/// - Parameter headers: whole lines.
func request(
    _ path: String, port: Int, method: String = "GET", host: String = "127.0.0.1", headers: [String] = [], body: String? = nil
) async throws -> HTTPReply {
    let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
    return try await onThread { try exchange(path, port, method, host, headers + length, body ?? "") }
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

private func exchange(_ path: String, _ port: Int, _ method: String, _ host: String, _ headers: [String], _ body: String) throws -> HTTPReply {
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
    let lines = ["\(method) \(path) HTTP/1.1", "Host: \(host):\(port)", "Connection: close"] + headers + ["", ""]
    let bytes = Array((lines.joined(separator: "\r\n") + body).utf8)
    guard send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw ConnectionFailed() }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = recv(connection, &buffer, buffer.count, 0)
        if count <= 0 { break }
        answer += buffer[..<count]
    }
    let text = String(decoding: answer, as: UTF8.self)
    guard let separator = text.firstRange(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else { throw ConnectionFailed() }
    return HTTPReply(
        status: status, head: text[..<separator.lowerBound].lowercased(), body: String(text[separator.upperBound...]))
}
