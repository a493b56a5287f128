/// Where a request comes from, and what that means.
///
/// Probes and, while there are no tokens, metrics come from other hosts (the kubelet, Prometheus) and give away nothing but
/// figures, so they answer anybody who can connect. The API and the pages answer only a caller on this machine:
///
/// - the peer is `127.0.0.1` or `::1`, exactly. The rest of `127/8` is refused because service meshes hand traffic from
///   other hosts to a pod's processes from there (Istio: `127.0.0.6`);
/// - no header says that a proxy passed it on, because then the peer is the proxy and not the caller;
/// - `Host` is a loopback address or `localhost`. A page in the operator's own browser can point its own name at
///   127.0.0.1 and read the answers ("DNS rebinding"), but it cannot choose that header.
package enum AccessRule {
    /// - Parameters:
    ///   - peer: the address of the other end, without port; nil where the connection has none.
    ///   - host: the `Host` header; nil without one.
    ///   - forwarded: whether a header of a proxy is there.
    package static func isLocal(peer: String?, host: String?, forwarded: Bool) -> Bool {
        guard let peer, !forwarded else { return false }
        guard peer == "127.0.0.1" || peer == "::1" || peer == "::ffff:127.0.0.1" else { return false }
        guard let host else { return false }
        return isLoopbackName(host)
    }

    /// Whether a page of another origin asks: its browser reaches this machine, and would carry a change here in its user's
    /// name. What is no browser sends none of these headers.
    ///
    /// - Parameters:
    ///   - origin: the `Origin` header.
    ///   - site: the `Sec-Fetch-Site` header.
    package static func isForeign(origin: String?, site: String?, host: String?) -> Bool {
        if let site, site != "same-origin", site != "none" { return true }
        guard let origin else { return false }
        return origin != "http://\(host ?? "")" && origin != "https://\(host ?? "")"
    }

    private static func isLoopbackName(_ host: String) -> Bool {
        var name = host[...]
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]") else { return false }
            name = name[name.index(after: name.startIndex)..<end]
        } else if let colon = name.lastIndex(of: ":") {
            name = name[..<colon]
        }
        return name.lowercased() == "localhost" || name == "127.0.0.1" || name == "::1"
    }
}
