/// What an address is set aside for, when it is not an ordinary public one.
///
/// From the IANA special-purpose address registries (RFC 6890 and its updates) and the well-known addresses of cloud
/// metadata services.
public enum SpecialUse: String, Sendable, CaseIterable {
    case loopback = "a loopback address"
    case privateNetwork = "an address of a private network"
    case sharedAddressSpace = "an address of carrier-grade NAT"
    case uniqueLocal = "a unique local address"
    case linkLocal = "a link-local address"
    case siteLocal = "a site-local address"
    case metadata = "the address of a cloud's metadata service"
    case unspecified = "an unspecified address"
    case multicast = "a multicast address"
    case broadcast = "the broadcast address"
    case documentation = "a documentation address"
    case benchmarking = "a benchmarking address"
    case protocolAssignment = "an address assigned to protocols"
    case translation = "an address that translates to IPv4 (NAT64)"
    case tunnel = "an address that tunnels to IPv4 (6to4)"
    case discard = "a discard-only address"
    case segmentRouting = "a segment routing identifier"
    case reserved = "a reserved address"

    /// The networks that somebody may own and run receivers in; these `egress.allowPrivate` opens. All others are opened
    /// only by a rule that names them, metadata services above all: they hand out credentials.
    public var isPrivate: Bool {
        switch self {
        case .loopback, .privateNetwork, .sharedAddressSpace, .uniqueLocal, .linkLocal, .siteLocal: true
        default: false
        }
    }

    /// Nil: an ordinary public address. An IPv6 address that merely wraps an IPv4 address is what the wrapped one is.
    public init?(_ address: IPAddress) {
        if let wrapped = address.wrappedIPv4, let use = SpecialUse(wrapped) {
            self = use
            return
        }
        let table = address.family == .v4 ? Self.v4 : Self.v6
        guard let match = table.first(where: { $0.range.contains(address) }) else { return nil }
        self = match.use
    }

    /// The first match counts: the narrow ones come first.
    private static let v4 = parse([
        ("169.254.169.254/32", .metadata),  // AWS, Google, Azure, and most others
        ("169.254.170.2/32", .metadata),  // AWS ECS task credentials
        ("169.254.170.23/32", .metadata),  // AWS EKS pod identity
        ("100.100.100.200/32", .metadata),  // Alibaba
        ("168.63.129.16/32", .metadata),  // Azure's host agent
        ("0.0.0.0/8", .unspecified),
        ("10.0.0.0/8", .privateNetwork),
        ("100.64.0.0/10", .sharedAddressSpace),
        ("127.0.0.0/8", .loopback),
        ("169.254.0.0/16", .linkLocal),
        ("172.16.0.0/12", .privateNetwork),
        ("192.0.0.0/24", .protocolAssignment),
        ("192.0.2.0/24", .documentation),
        ("192.88.99.0/24", .tunnel),  // 6to4 relays
        ("192.168.0.0/16", .privateNetwork),
        ("198.18.0.0/15", .benchmarking),
        ("198.51.100.0/24", .documentation),
        ("203.0.113.0/24", .documentation),
        ("224.0.0.0/4", .multicast),
        ("255.255.255.255/32", .broadcast),
        ("240.0.0.0/4", .reserved),
    ])

    private static let v6 = parse([
        ("fd00:ec2::254/128", .metadata),  // AWS
        ("fd00:ec2::23/128", .metadata),  // AWS EKS pod identity
        ("fd20:ce::254/128", .metadata),  // Google
        ("::/128", .unspecified),
        ("::1/128", .loopback),
        ("64:ff9b::/96", .translation),
        ("64:ff9b:1::/48", .translation),
        ("100::/64", .discard),
        ("2001::/23", .protocolAssignment),  // Teredo among them
        ("2001:db8::/32", .documentation),
        ("2002::/16", .tunnel),
        ("3fff::/20", .documentation),
        ("5f00::/16", .segmentRouting),
        ("fc00::/7", .uniqueLocal),
        ("fe80::/10", .linkLocal),
        ("fec0::/10", .siteLocal),
        ("ff00::/8", .multicast),
    ])

    private static func parse(_ table: [(String, SpecialUse)]) -> [(range: AddressRange, use: SpecialUse)] {
        table.map { text, use in
            let parts = text.split(separator: "/")
            return (AddressRange(IPAddress(parts[0])!, prefixLength: Int(parts[1])!)!, use)
        }
    }
}

extension IPAddress {
    /// The IPv4 address that an IPv4-mapped (`::ffff:a.b.c.d`), IPv4-translated (`::ffff:0:a.b.c.d`) or IPv4-compatible
    /// (`::a.b.c.d`) address stands for: the kernel or a router on the way would go there.
    ///
    /// `::`, `::1` and their neighbours up to `::ffff` are not taken for IPv4-compatible: no notation writes them as IPv4.
    var wrappedIPv4: IPAddress? {
        guard family == .v6 else { return nil }
        let low = UInt32(truncatingIfNeeded: bits)
        switch bits >> 32 {
        case 0xffff, 0xffff_0000: return IPAddress(v4: low)
        case 0 where low > 0xffff: return IPAddress(v4: low)
        default: return nil
        }
    }

    /// The IPv4 address that lies in this one in any known way: also behind NAT64, 6to4 and Teredo. A rule that denies
    /// the one denies the other.
    var embeddedIPv4: IPAddress? {
        if let wrapped = wrappedIPv4 { return wrapped }
        guard family == .v6 else { return nil }
        if bits >> 32 == 0x64_ff9b << 64 || bits >> 80 == 0x64_ff9b_0001 {
            return IPAddress(v4: UInt32(truncatingIfNeeded: bits))
        }
        if bits >> 112 == 0x2002 { return IPAddress(v4: UInt32(truncatingIfNeeded: bits >> 80)) }
        if bits >> 96 == 0x2001_0000 { return IPAddress(v4: ~UInt32(truncatingIfNeeded: bits)) }
        return nil
    }
}
