package import Egress
package import EventModel
internal import Transforms

// What is known beforehand of where a subscription's requests may go.
extension SubscriptionChecks {
    /// A warning where nothing could be delivered to this URL. No error: the bridge works for its other subscriptions.
    func warnOfDenial(of url: String, _ what: String, _ key: String, _ reader: inout Reader) {
        guard let (host, port) = Self.hostAndPort(of: url), let rules = try? EgressRules(configuration.egress) else { return }
        guard case .denied(let reason) = HostPolicy.verdict(host: host, port: port, rules, isProxied: configuration.egress.proxy != nil) else { return }
        reader.warn(position(key, reader), "\(path).\(key)", "nothing will be sent there (egress-denied): \(what)'s \(reason)")
    }

    /// Of a URL that is valid; nil where the event decides.
    private static func hostAndPort(of url: String) -> (host: Substring, port: Int)? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !Template.hasTags(authority) else { return nil }
        let isPlain = url.lowercased().hasPrefix("http:")
        var host = authority
        var port = isPlain ? 80 : 443
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            host = authority[..<colon]
            port = Int(authority[authority.index(after: colon)...]) ?? port
        }
        return (host.hasPrefix("[") ? host.dropFirst().dropLast() : host, port)
    }
}

extension EgressRules {
    package init(_ egress: BridgeConfiguration.Egress) throws(EgressRuleError) {
        try self.init(
            allowHTTP: egress.allowHTTP, allowPrivate: egress.allowPrivate, allow: egress.allow, deny: egress.deny,
            allowPorts: egress.allowPorts)
    }
}
