import CCurl

/// The URL of an endpoint or of one request, parsed by the parser that will use it (two parsers that disagree are a way around
/// any rule) and judged by name. Owner of libcurl's handle.
final class Target {
    /// libcurl copies from it for each request, so that one serves all slots.
    let url: OpaquePointer
    /// Host and port for messages.
    let authority: String
    /// A rule of `egress.allow` matches the host's name.
    let hostIsAllowed: Bool

    init(_ text: String, _ configuration: EndpointConfiguration, _ rules: EgressRules) throws(EndpointError) {
        guard let handle = curl_url() else { throw EndpointError("Out of memory.") }
        do {
            (authority, hostIsAllowed) = try Self.parse(text, into: handle, configuration, rules)
        } catch {
            curl_url_cleanup(handle)
            throw error
        }
        url = handle
    }

    deinit { curl_url_cleanup(url) }

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
