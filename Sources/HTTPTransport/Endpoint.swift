import CCurl
import Glibc

/// What all requests to one endpoint share, in the form that libcurl takes without work: owner of the parsed URL and of
/// the constant headers. Freed when it is closed and its last request has ended.
final class Endpoint {
    let id: EndpointID
    let configuration: EndpointConfiguration
    /// libcurl copies from it for each request, so that one serves all slots.
    let url: OpaquePointer
    /// Host and port for messages.
    let authority: String
    /// A rule of `egress.allow` matches the host's name.
    let hostIsAllowed: Bool
    let headers: HeaderList

    var inFlight = 0
    var isClosed = false
    /// Whether requests wait for a connection that is being made instead of making their own. Set once an answer came by
    /// HTTP/2, taken back when connecting fails: those waiting would otherwise fail one after the other, each after
    /// the whole time of its predecessor.
    var sharesConnections: Bool

    init(
        _ configuration: EndpointConfiguration, id: EndpointID, rules: EgressRules,
        commonHeaders: UnsafeMutablePointer<curl_slist>?
    ) throws(EndpointError) {
        try Self.check(configuration)
        let target = try EndpointURL(configuration.url, configuration, rules)
        self.id = id
        self.configuration = configuration
        url = target.handle
        authority = target.authority
        hostIsAllowed = target.hostIsAllowed
        sharesConnections = configuration.httpVersion == .http2

        var bytes: [UInt8] = []
        for (name, value) in configuration.constantHeaders { bytes += Array("\(name): \(value)".utf8) + [0] }
        var list = HeaderList(byteCapacity: max(1, bytes.count), nodeCapacity: max(1, configuration.constantHeaders.count))
        bytes.withUnsafeBytes { list.fill($0, tail: commonHeaders) }
        headers = list
    }

    deinit {
        curl_url_cleanup(url)
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
        if let file = configuration.caFile, access(file, R_OK) != 0 {
            throw EndpointError("Cannot read the certificate authorities in '\(file)': \(String(cString: strerror(errno))).")
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

/// The URL of an endpoint, parsed by the parser that will use it (two parsers that disagree are a way around any rule)
/// and judged by name.
private struct EndpointURL {
    /// Owned by whoever holds this.
    let handle: OpaquePointer
    let authority: String
    let hostIsAllowed: Bool

    init(_ text: String, _ configuration: EndpointConfiguration, _ rules: EgressRules) throws(EndpointError) {
        guard let handle = curl_url() else { throw EndpointError("Out of memory.") }
        do {
            (authority, hostIsAllowed) = try Self.parse(text, into: handle, configuration, rules)
        } catch {
            curl_url_cleanup(handle)
            throw error
        }
        self.handle = handle
    }

    private static func parse(
        _ text: String, into handle: OpaquePointer, _ configuration: EndpointConfiguration, _ rules: EgressRules
    ) throws(EndpointError) -> (authority: String, hostIsAllowed: Bool) {
        // The URL itself stays out of messages: its path or query may be a secret.
        let code = curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_NON_SUPPORT_SCHEME))
        guard code == CURLUE_OK else {
            throw EndpointError("The endpoint is not an absolute http or https URL (\(String(cString: curl_url_strerror(code)))).")
        }
        let scheme = part(CURLUPART_SCHEME, of: handle)?.lowercased() ?? ""
        guard scheme == "https" || scheme == "http" else {
            throw EndpointError("The endpoint's scheme is '\(scheme)'; use https.")
        }
        guard part(CURLUPART_USER, of: handle) == nil, part(CURLUPART_PASSWORD, of: handle) == nil else {
            throw EndpointError("The endpoint's URL holds credentials; send them in a header.")
        }
        guard part(CURLUPART_FRAGMENT, of: handle) == nil else {
            throw EndpointError("The endpoint's URL has a fragment ('#...'), which is never sent; remove it.")
        }
        guard scheme == "https" || rules.allowHTTP else {
            throw EndpointError("The endpoint uses http; use https, or set egress.allowHTTP to true.")
        }
        guard scheme == "https" || configuration.httpVersion != .http2 else {
            throw EndpointError("HTTP/2 needs an https endpoint; use https or leave the HTTP version at auto.")
        }

        let host = part(CURLUPART_HOST, of: handle) ?? ""
        let port = part(CURLUPART_PORT, of: handle, UInt32(CURLU_DEFAULT_PORT)) ?? ""
        let bare = host.hasPrefix("[") ? host.dropFirst().dropLast() : host[...]
        if let address = IPAddress(bare) {
            if case .denied(let reason) = AddressPolicy.verdict(address, rules) {
                throw EndpointError("The endpoint's address \(address) is \(reason)\(remedy(reason)).")
            }
            return ("\(host):\(port)", false)
        }
        guard let name = HostName.normalized(bare) else {
            throw EndpointError("The endpoint's host '\(host)' is not a host name; write names outside of ASCII in their xn-- form.")
        }
        guard !rules.deny.matches(name: name) else {
            throw EndpointError("The endpoint's host \(name) is denied by egress.deny.")
        }
        return ("\(name):\(port)", rules.allow.matches(name: name))
    }

    private static func remedy(_ reason: AddressPolicy.Reason) -> String {
        guard case .specialUse(let use) = reason else { return "" }
        return use.isPrivate
            ? "; add it to egress.allow, or set egress.allowPrivate to true" : "; if that is meant, add it to egress.allow"
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
