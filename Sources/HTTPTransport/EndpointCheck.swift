extension EndpointConfiguration {
    /// What can be wrong with it besides its URL.
    func check() throws(EndpointError) {
        for (name, value) in constantHeaders {
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenCharacter) else {
                throw EndpointError("Header name '\(name)' is not valid: use letters, digits and any of !#$%&'*+-.^_`|~.")
            }
            guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }) else {
                throw EndpointError("The value of header '\(name)' holds a control character; remove it.")
            }
            guard !Self.ownHeaders.contains(name.lowercased()) else {
                throw EndpointError("Header '\(name)' is set by the sender itself; remove it.")
            }
        }
        guard timeoutMilliseconds > 0, connectTimeoutMilliseconds > 0 else {
            throw EndpointError("A timeout must be at least one millisecond.")
        }
        guard (tls.certificate == nil) == (tls.key == nil) else {
            throw EndpointError("A client certificate needs its private key, and the key its certificate.")
        }
    }

    /// They frame the message or belong to the connection; a second opinion about them is how requests are smuggled.
    private static let ownHeaders: Set = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect",
        "proxy-connection",
    ]

    /// RFC 9110, section 5.6.2.
    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
