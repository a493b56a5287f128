import Glibc

/// An address in text form, and ranges of addresses as `cidr` says them. Never looks up a name.
struct IPAddress: Hashable {
    typealias Bytes = UnsafeRawBufferPointer

    /// Of an IPv4 address the lowest 32 bits.
    var bits: UInt128
    /// 32 or 128.
    var width: Int

    /// Nil when the text is no address. An IPv4 address written as IPv6 (`::ffff:1.2.3.4`) is the IPv4 address.
    init?(_ text: Bytes) {
        guard text.count >= 2, text.count <= 45, text.contains(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }) else { return nil }
        // To `inet_pton` a NUL is the end, whatever stands behind it.
        guard !text.contains(0) else { return nil }
        let family = text.contains(UInt8(ascii: ":")) ? AF_INET6 : AF_INET
        var address = in6_addr()
        let understood = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 46) { terminated in
            for (index, byte) in text.enumerated() { terminated[index] = CChar(bitPattern: byte) }
            terminated[text.count] = 0
            return inet_pton(family, terminated.baseAddress!, &address)
        }
        guard understood == 1 else { return nil }
        width = family == AF_INET ? 32 : 128
        let length = width / 8
        bits = withUnsafeBytes(of: address) { $0.prefix(length).reduce(0) { $0 << 8 | UInt128($1) } }
        if width == 128, bits >> 32 == 0xFFFF {
            bits &= 0xFFFF_FFFF
            width = 32
        }
    }

    init?(_ text: String) {
        var text = text
        guard let address = text.withUTF8({ IPAddress(Bytes($0)) }) else { return nil }
        self = address
    }

    /// With all but the first `length` bits zero.
    func network(_ length: Int) -> IPAddress {
        var network = self
        let rest = UInt128(width - length)
        network.bits = (bits >> rest) << rest
        return network
    }
}

struct IPRange: Hashable {
    private(set) var network: IPAddress
    /// How many of the first bits are the network's.
    private(set) var length: Int

    /// One address.
    init(_ address: IPAddress) {
        network = address
        length = address.width
    }

    /// `10.0.0.0/8`; the address need not be the first of its range.
    init?(cidr: String) {
        let parts = cidr.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]), length >= 0, length < address.width,
            parts[1].utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") })
        else { return nil }
        network = address.network(length)
        self.length = length
    }

    func contains(_ address: IPAddress) -> Bool { address.width == network.width && address.network(length) == network }
}
