/// `host:port` as `ops.listen` says it; an IPv6 address stands in brackets.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    public var host: String
    /// 0 lets the kernel choose.
    public var port: Int

    /// - Throws: `ListenAddressError` with what to write instead.
    public init(_ text: String) throws(ListenAddressError) {
        guard let colon = text.lastIndex(of: ":") else {
            throw ListenAddressError(text: text, problem: "the port is missing")
        }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), port <= 65535 else {
            throw ListenAddressError(text: text, problem: "the port is not a number from 0 to 65535")
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw ListenAddressError(text: text, problem: "an IPv6 address needs brackets")
        }
        // An empty host would mean "every interface" to some programs and "loopback" to others.
        guard !host.isEmpty else {
            throw ListenAddressError(text: text, problem: "the host is missing")
        }
        self.host = String(host)
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

public struct ListenAddressError: Error, CustomStringConvertible {
    public var text: String
    public var problem: String

    public var description: String {
        "cannot listen on \"\(text)\": \(problem); write host:port, as in 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080"
    }
}
