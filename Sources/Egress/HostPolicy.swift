/// What can be said of an endpoint from its URL alone, before its name is looked up: `check` says it, and no request is made
/// that fails here.
public enum HostPolicy {
    public enum Verdict: Sendable, Equatable {
        /// - name: nil for an address.
        /// - isAllowed: a rule of `allow` matches the name, whose addresses are then not asked what they are.
        case allowed(name: String?, isAllowed: Bool)
        /// Continues "the endpoint's ...", with a remedy.
        case denied(String)
        /// Neither an address nor a name.
        case notAHost
    }

    /// Ports that plain web servers listen on; of those below 1024 the only ones that need no rule. A POST to a mail or a
    /// remote shell's port is an attempt to speak their protocol.
    private static let webPorts: Set = [80, 443]

    /// - Parameters:
    ///   - host: as a URL has it, IPv6 addresses without their brackets.
    ///   - isProxied: a proxy looks the name up, so that nobody here sees its addresses.
    public static func verdict(host: some StringProtocol, port: Int, _ rules: EgressRules, isProxied: Bool = false) -> Verdict {
        if port < 1024, !webPorts.contains(port), !rules.allowPorts.contains(port) {
            return .denied("port \(port) is below 1024 and neither 80 nor 443; if that is meant, add it to egress.allowPorts")
        }
        if let address = IPAddress(host) {
            guard case .denied(let reason) = AddressPolicy.verdict(address, rules) else { return .allowed(name: nil, isAllowed: false) }
            return .denied("address \(address) is \(reason)\(remedy(reason))")
        }
        guard let name = HostName.normalized(host) else { return .notAHost }
        if rules.deny.matches(name: name) { return .denied("host \(name) is denied by egress.deny") }
        let isAllowed = rules.allow.matches(name: name)
        // Here that of the proxy.
        if isProxied, isLoopback(name: name), !isAllowed, !rules.allowPrivate {
            return .denied("host \(name) is \(SpecialUse.loopback.rawValue)\(remedy(.specialUse(.loopback)))")
        }
        return .allowed(name: name, isAllowed: isAllowed)
    }

    /// RFC 6761: names of the loopback interface, whoever looks them up.
    public static func isLoopback(name: some StringProtocol) -> Bool {
        guard let name = HostName.normalized(name) else { return false }
        return name == "localhost" || name.hasSuffix(".localhost")
    }

    private static func remedy(_ reason: AddressPolicy.Reason) -> String {
        guard case .specialUse(let use) = reason else { return "" }
        return use.isPrivate
            ? "; add it to egress.allow, or set egress.allowPrivate to true" : "; if that is meant, add it to egress.allow"
    }
}
