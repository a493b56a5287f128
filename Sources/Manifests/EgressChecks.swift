package import Egress
package import EventModel
internal import Transforms

// What is known beforehand of where a subscription's requests may go.
extension SubscriptionChecks {
    /// A warning where nothing could be delivered to this URL. No error: the bridge works for its other subscriptions.
    func warnOfDenial(of url: String, _ what: String, _ key: String, _ reader: inout Reader) {
        guard let (host, port) = Self.hostAndPort(of: url), let reason = denial(of: host, port) else { return }
        reader.warn(position(key, reader), "\(path).\(key)", "nothing will be sent there (egress-denied): \(what)'s \(reason)", code: .egressDenied)
    }

    /// Continues "the endpoint's ...", with a remedy.
    private func denial(of host: Substring, _ port: Int) -> String? {
        if let key = ownListener(at: host, port) {
            return "address \(host), port \(port), is where Fanfare itself listens (\(key)); write the receiver's address, or let \(key) be another one"
        }
        guard let rules = try? EgressRules(configuration.egress),
            case .denied(let reason) = HostPolicy.verdict(host: host, port: port, rules, isProxied: configuration.egress.proxy != nil)
        else { return nil }
        return reason
    }

    /// The key by which the bridge will listen there. What a name resolves to is only known of the loopback interface's, and
    /// nothing is known of where a proxy stands.
    private func ownListener(at host: Substring, _ port: Int) -> String? {
        guard configuration.egress.proxy == nil else { return nil }
        let loopback = HostPolicy.isLoopback(name: host) ? ["127.0.0.1", "::1"] : []
        let addresses = ([host] + loopback.map { $0[...] }).compactMap { IPAddress($0) }
        let listeners = [("ops.listen", configuration.ops.listen), ("ops.publicKeys.listen", configuration.ops.publicKeys?.listen)]
        return listeners.first { _, text in
            guard let text, let listen = try? ListenAddress(text), listen.port == port else { return false }
            let own = OwnListeners()
            own.add(host: listen.host, port: UInt16(listen.port))
            return addresses.contains { own.contains($0, port: UInt16(port)) }
        }?.0
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
