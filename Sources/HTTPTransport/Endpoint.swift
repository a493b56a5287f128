import CCurl
import Egress
import Glibc

/// What all requests to one endpoint share, in the form that libcurl takes without work: owner of the constant
/// headers. Freed when it is closed and its last request has ended.
final class Endpoint {
    let id: EndpointID
    let configuration: EndpointConfiguration
    let target: Target
    /// Nil: the system's authorities, and no certificate of ours.
    let tls: TLSMaterial?
    let headers: HeaderList

    var inFlight = 0
    var isClosed = false
    /// Whether requests wait for a connection that is being made instead of making their own. Set once an answer came by
    /// HTTP/2, taken back when connecting fails: those waiting would otherwise fail one after the other, each after
    /// the whole time of its predecessor.
    var sharesConnections: Bool

    init(
        _ configuration: EndpointConfiguration, id: EndpointID, rules: EgressRules, isProxied: Bool,
        commonHeaders: UnsafeMutablePointer<curl_slist>?
    ) throws(EndpointError) {
        try Self.check(configuration)
        target = try Target(configuration.url, configuration, rules, isProxied: isProxied)
        tls = try TLSMaterial(configuration.tls)
        self.id = id
        self.configuration = configuration
        sharesConnections = configuration.httpVersion == .http2

        var bytes: [UInt8] = []
        for (name, value) in configuration.constantHeaders { bytes += Array("\(name): \(value)".utf8) + [0] }
        var list = HeaderList(byteCapacity: max(1, bytes.count), nodeCapacity: max(1, configuration.constantHeaders.count))
        bytes.withUnsafeBytes { list.fill($0, tail: commonHeaders) }
        headers = list
    }

    deinit {
        headers.deallocate()
    }

    private static func check(_ configuration: EndpointConfiguration) throws(EndpointError) {
        for (name, value) in configuration.constantHeaders {
            guard !name.isEmpty, name.utf8.allSatisfy(isTokenCharacter) else {
                throw EndpointError("Header name '\(name)' is not valid: use letters, digits and any of !#$%&'*+-.^_`|~.")
            }
            guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }) else {
                throw EndpointError("The value of header '\(name)' holds a control character; remove it.")
            }
            guard !ownHeaders.contains(name.lowercased()) else {
                throw EndpointError("Header '\(name)' is set by the sender itself; remove it.")
            }
        }
        guard configuration.timeoutMilliseconds > 0, configuration.connectTimeoutMilliseconds > 0 else {
            throw EndpointError("A timeout must be at least one millisecond.")
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
