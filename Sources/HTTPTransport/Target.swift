import CCurl
import Egress

/// The URL of an endpoint or of one request, parsed by the parser that will use it (two parsers that disagree are a way around
/// any rule) and judged by name. Owner of libcurl's handle.
final class Target {
    /// libcurl copies from it for each request, so that one serves all slots.
    let url: OpaquePointer
    /// Host and port for messages.
    let authority: String
    /// Nil: the host is an address.
    let hostName: String?
    /// A rule of `egress.allow` matches the host's name.
    let hostIsAllowed: Bool

    init(_ text: String, _ configuration: EndpointConfiguration, _ rules: EgressRules, isProxied: Bool) throws(EndpointError) {
        guard let handle = curl_url() else { throw EndpointError("Out of memory.") }
        do {
            (authority, hostName, hostIsAllowed) = try Self.parse(text, into: handle, configuration, rules, isProxied: isProxied)
        } catch {
            curl_url_cleanup(handle)
            throw error
        }
        url = handle
    }

    deinit { curl_url_cleanup(url) }

    private static func parse(
        _ text: String, into handle: OpaquePointer, _ configuration: EndpointConfiguration, _ rules: EgressRules, isProxied: Bool
    ) throws(EndpointError) -> (authority: String, hostName: String?, hostIsAllowed: Bool) {
        // The URL itself stays out of messages: its path or query may be a secret.
        let code = curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_NON_SUPPORT_SCHEME))
        guard code == CURLUE_OK else {
            throw EndpointError("The endpoint is not an absolute http or https URL (\(String(cString: curl_url_strerror(code)))).")
        }
        let scheme = LibCurl.part(CURLUPART_SCHEME, of: handle)?.lowercased() ?? ""
        guard scheme == "https" || scheme == "http" else {
            throw EndpointError("The endpoint's scheme is '\(scheme)'; use https.")
        }
        guard LibCurl.part(CURLUPART_USER, of: handle) == nil, LibCurl.part(CURLUPART_PASSWORD, of: handle) == nil else {
            throw EndpointError("The endpoint's URL holds credentials; send them in a header.")
        }
        guard LibCurl.part(CURLUPART_FRAGMENT, of: handle) == nil else {
            throw EndpointError("The endpoint's URL has a fragment ('#...'), which is never sent; remove it.")
        }
        guard scheme == "https" || rules.allowHTTP else {
            throw EndpointError("The endpoint uses http; use https, or set egress.allowHTTP to true.")
        }
        guard scheme == "https" || configuration.httpVersion != .http2 else {
            throw EndpointError("HTTP/2 needs an https endpoint; use https or leave the HTTP version at auto.")
        }

        let host = LibCurl.part(CURLUPART_HOST, of: handle) ?? ""
        let port = LibCurl.part(CURLUPART_PORT, of: handle, UInt32(CURLU_DEFAULT_PORT)) ?? ""
        let bare = host.hasPrefix("[") ? host.dropFirst().dropLast() : host[...]
        switch HostPolicy.verdict(host: bare, port: Int(port) ?? 0, rules, isProxied: isProxied) {
        case .allowed(let name, let isAllowed): return ("\(name ?? host):\(port)", name, isAllowed)
        case .denied(let reason): throw EndpointError("The endpoint's \(reason).")
        case .notAHost:
            throw EndpointError("The endpoint's host '\(host)' is not a host name; write names outside of ASCII in their xn-- form.")
        }
    }
}

extension Target {
    /// As it was given, or in other words that mean the same.
    var text: String { LibCurl.part(CURLUPART_URL, of: url) ?? "" }

    /// What a sender needs that writes requests itself, as libcurl's parser understood it.
    struct Parts {
        var isEncrypted: Bool
        /// In lower case, an IPv6 address without its brackets.
        var host: String
        var port: UInt16
        /// The zone of a link-local address.
        var zone: String?
        /// As the `Host` header has it: the port only where it is not the scheme's own.
        var hostHeader: String
        var pathAndQuery: String
    }

    var parts: Parts {
        let host = LibCurl.part(CURLUPART_HOST, of: url) ?? ""
        let isEncrypted = LibCurl.part(CURLUPART_SCHEME, of: url)?.lowercased() == "https"
        let port = UInt16(LibCurl.part(CURLUPART_PORT, of: url, UInt32(CURLU_DEFAULT_PORT)) ?? "") ?? 0
        let isUsual = port == (isEncrypted ? 443 : 80)
        let query = LibCurl.part(CURLUPART_QUERY, of: url).map { "?\($0)" } ?? ""
        return Parts(
            isEncrypted: isEncrypted, host: hostName ?? String(host.hasPrefix("[") ? host.dropFirst().dropLast() : host[...]), port: port,
            zone: LibCurl.part(CURLUPART_ZONEID, of: url), hostHeader: isUsual ? host : "\(host):\(port)",
            pathAndQuery: (LibCurl.part(CURLUPART_PATH, of: url) ?? "/") + query)
    }
}
