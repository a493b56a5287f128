import CCurl

/// What all requests go through: an HTTP proxy, or a SOCKS one that looks names up itself.
///
/// Such a proxy gets the endpoint's name, and what that resolves to is its affair: rules for addresses hold for endpoints
/// that are written as addresses only.
public struct Proxy: Sendable, Equatable {
    /// With credentials, as libcurl takes it.
    let url: String
    /// Host and port for messages.
    public let authority: String

    /// - Parameter url: `http://` or `socks5h://`, host, port, perhaps a user name and a password (percent-encoded).
    /// - Throws: a clause that says what to write instead; never the URL, which may hold a password.
    public init(_ url: String) throws(EndpointError) {
        guard let handle = curl_url() else { throw EndpointError("out of memory") }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK else {
            throw EndpointError("is not a URL such as http://proxy.example.com:3128")
        }
        switch LibCurl.part(CURLUPART_SCHEME, of: handle) {
        case "http", "socks5h": break
        case "socks5": throw EndpointError("must begin with socks5h://: the proxy looks names up")
        default: throw EndpointError("must begin with http:// or socks5h://")
        }
        guard let host = LibCurl.part(CURLUPART_HOST, of: handle), let port = LibCurl.part(CURLUPART_PORT, of: handle) else {
            throw EndpointError("needs a host and a port, such as http://proxy.example.com:3128")
        }
        guard LibCurl.part(CURLUPART_QUERY, of: handle) == nil, LibCurl.part(CURLUPART_FRAGMENT, of: handle) == nil,
            LibCurl.part(CURLUPART_PATH, of: handle) ?? "/" == "/"
        else { throw EndpointError("must end after the port") }
        self.url = url
        authority = "\(host):\(port)"
    }
}
