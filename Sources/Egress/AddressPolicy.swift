public import Glibc

/// Whether a connection to an address may be made. A pure function of the address, the rules and how the host's name was
/// judged; see ``EgressRules`` for how they combine.
public enum AddressPolicy {
    public enum Verdict: Sendable, Equatable {
        case allowed
        case denied(Reason)
    }

    public enum Reason: Sendable, Equatable, CustomStringConvertible {
        case denyRule
        case specialUse(SpecialUse)
        /// Neither IPv4 nor IPv6.
        case unknownFamily
        /// Something of this process listens there.
        case ownListener

        /// Continues "127.0.0.1 is ...".
        public var description: String {
            switch self {
            case .denyRule: "denied by egress.deny"
            case .specialUse(let use): use.rawValue
            case .unknownFamily: "not an IP address"
            case .ownListener: "where Fanfare itself listens (ops.listen, ops.publicKeys.listen)"
            }
        }
    }

    /// - Parameter hostIsAllowed: the host's name matches a rule of `allow`.
    public static func verdict(_ address: IPAddress, _ rules: EgressRules, hostIsAllowed: Bool = false) -> Verdict {
        if rules.deny.matches(address) { return .denied(.denyRule) }
        if let embedded = address.embeddedIPv4, rules.deny.matches(embedded) { return .denied(.denyRule) }
        if hostIsAllowed || rules.allow.matches(address) { return .allowed }
        if let wrapped = address.wrappedIPv4, rules.allow.matches(wrapped) { return .allowed }
        guard let use = SpecialUse(address) else { return .allowed }
        return use.isPrivate && rules.allowPrivate ? .allowed : .denied(.specialUse(use))
    }

    public static func verdict(
        _ address: UnsafePointer<sockaddr>, length: socklen_t, _ rules: EgressRules, hostIsAllowed: Bool = false
    ) -> Verdict {
        guard let address = IPAddress(address, length: length) else { return .denied(.unknownFamily) }
        return verdict(address, rules, hostIsAllowed: hostIsAllowed)
    }
}
