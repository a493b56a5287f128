public import Glibc

/// An IPv4 or IPv6 address without port and zone.
public struct IPAddress: Sendable, Hashable {
    public enum Family: Sendable { case v4, v6 }

    public let family: Family
    /// The number that the address is; of IPv4 the low 32 bits.
    public let bits: UInt128

    public init(v4 bits: UInt32) {
        family = .v4
        self.bits = UInt128(bits)
    }

    public init(v6 bits: UInt128) {
        family = .v6
        self.bits = bits
    }

    /// Reads the standard notation only (`inet_pton`): four decimal numbers without leading zeros, or RFC 4291. Nil for
    /// names and for the other notations that some parsers take for addresses (`0x7f.1`, `2130706433`).
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            self.init(v6: withUnsafeBytes(of: v6) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) })
        } else {
            return nil
        }
    }

    /// Nil when it is of another family.
    public init?(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET where Int(length) >= MemoryLayout<sockaddr_in>.size:
            self.init(v4: UInt32(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6 where Int(length) >= MemoryLayout<sockaddr_in6>.size:
            let v6 = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self.init(v6: withUnsafeBytes(of: v6) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) })
        default:
            return nil
        }
    }

    var width: Int { family == .v4 ? 32 : 128 }

    /// The first address of the range with a prefix of that length which this one is in.
    func masked(to prefixLength: Int) -> IPAddress {
        let hostBits = width - prefixLength
        let kept = (bits >> hostBits) << hostBits
        return family == .v4 ? IPAddress(v4: UInt32(kept)) : IPAddress(v6: kept)
    }
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            switch family {
            case .v4:
                var address = in_addr(s_addr: UInt32(bits).bigEndian)
                inet_ntop(AF_INET, &address, text.baseAddress, socklen_t(text.count))
            case .v6:
                var address = bits.bigEndian
                inet_ntop(AF_INET6, &address, text.baseAddress, socklen_t(text.count))
            }
            return String(cString: text.baseAddress!)
        }
    }
}

/// A CIDR range: all addresses of a family that share the first bits.
public struct AddressRange: Sendable, Hashable {
    public let network: IPAddress
    public let prefixLength: Int

    /// Nil when the length does not fit the family or bits beyond it are set.
    public init?(_ network: IPAddress, prefixLength: Int) {
        guard (0...network.width).contains(prefixLength), network.masked(to: prefixLength) == network else { return nil }
        self.network = network
        self.prefixLength = prefixLength
    }

    public func contains(_ address: IPAddress) -> Bool {
        address.family == network.family && (address.bits ^ network.bits) >> (network.width - prefixLength) == 0
    }
}
