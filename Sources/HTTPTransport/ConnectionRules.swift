import Egress
import Glibc

/// What decides over each connection right before it is made, on the address that it is made to.
struct ConnectionRules {
    let egress: EgressRules
    /// Where this process listens itself.
    let ownListeners: OwnListeners
    let budget = DescriptorBudget.ofThisProcess

    /// - Parameter hostIsAllowed: a rule of `egress.allow` matches the host's name.
    func verdict(_ address: UnsafePointer<sockaddr>, length: socklen_t, hostIsAllowed: Bool) -> AddressPolicy.Verdict {
        if ownListeners.contains(address, length: length) { return .denied(.ownListener) }
        return AddressPolicy.verdict(address, length: length, egress, hostIsAllowed: hostIsAllowed)
    }
}
