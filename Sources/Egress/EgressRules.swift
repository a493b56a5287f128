/// Where requests may go: what `egress:` of the configuration says, parsed.
///
/// A rule is a host name (`hooks.example.com`), all names below one (`*.example.com`, not `example.com` itself), an
/// address (`10.1.2.3`, `fd00::7`) or a CIDR range (`10.0.0.0/8`).
///
/// Names are judged once, when an endpoint is opened, on the host as the URL writes it (``HostPolicy``). Addresses are judged
/// for every connection, on the address it is about to be made to, whatever the name resolved to (``AddressPolicy``). Together:
///
/// 1. A denied name refuses the endpoint; a denied address refuses the connection. Deny beats allow, also across kinds.
/// 2. An allowed address, or any address of a host that is allowed by name, may be connected to, whatever kind it is.
/// 3. Else ordinary public addresses may, private ones only with `allowPrivate`, and other special ones not at all
///    (``SpecialUse``).
///
/// The allow list opens what is otherwise closed; it does not close the rest of the internet.
public struct EgressRules: Sendable, Equatable {
    public let allowHTTP: Bool
    public let allowPrivate: Bool
    /// Below 1024, beside 80 and 443.
    public let allowPorts: Set<Int>
    let allow: RuleList
    let deny: RuleList

    /// The error names the rule that cannot be read and says what to write instead.
    public init(
        allowHTTP: Bool = false, allowPrivate: Bool = false, allow: [String] = [], deny: [String] = [], allowPorts: [Int] = []
    ) throws(EgressRuleError) {
        self.allowHTTP = allowHTTP
        self.allowPrivate = allowPrivate
        self.allowPorts = Set(allowPorts)
        self.allow = try RuleList(allow, key: "egress.allow")
        self.deny = try RuleList(deny, key: "egress.deny")
    }

    /// `https` to public addresses only.
    public static let strict = try! EgressRules()
}

public struct EgressRuleError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
}

struct RuleList: Sendable, Equatable {
    private var names: Set<String> = []
    /// With the leading dot.
    private var suffixes: [String] = []
    private var ranges: [AddressRange] = []

    init(_ rules: [String], key: String) throws(EgressRuleError) {
        for rule in rules { try add(rule, key) }
    }

    /// - Parameter name: in lower case, without a dot at the end.
    func matches(name: String) -> Bool {
        names.contains(name) || suffixes.contains { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }
    }

    func matches(_ address: IPAddress) -> Bool {
        ranges.contains { $0.contains(address) }
    }

    private mutating func add(_ rule: String, _ key: String) throws(EgressRuleError) {
        func fail(_ what: String) -> EgressRuleError { EgressRuleError(description: "\(key): '\(rule)' \(what)") }

        if let address = IPAddress(rule) {
            ranges.append(AddressRange(address, prefixLength: address.width)!)
        } else if rule.contains("://") {
            throw fail("is a URL; write its host only.")
        } else if let slash = rule.firstIndex(of: "/") {
            guard let network = IPAddress(rule[..<slash]) else {
                throw fail("is not a CIDR range; write one like 10.0.0.0/8 or fd00::/8.")
            }
            let digits = rule[rule.index(after: slash)...]
            guard let length = Int(digits), String(length) == digits, (0...network.width).contains(length) else {
                throw fail("needs a prefix length from 0 to \(network.width) after the slash.")
            }
            guard let range = AddressRange(network, prefixLength: length) else {
                let first = network.masked(to: length)
                throw fail("has bits set beyond its first \(length); write \(first)/\(length), or \(network) for the one address.")
            }
            ranges.append(range)
        } else if rule.hasPrefix("[") {
            throw fail("has brackets; write the address without them.")
        } else if rule.hasPrefix("*.") {
            let suffix = rule.dropFirst(2)
            guard let name = HostName.normalized(suffix) else {
                throw fail("is not a pattern of host names; write one like *.example.com.")
            }
            suffixes.append("." + name)
        } else if rule.contains(":") {
            throw fail("is neither an IPv6 address nor a host name; ports are not part of a rule.")
        } else if rule.contains("*") {
            throw fail("has a '*' in another place than the beginning; write *.example.com.")
        } else {
            guard let name = HostName.normalized(rule) else {
                throw fail("is not a host name, address or CIDR range; write names outside of ASCII in their xn-- form.")
            }
            names.insert(name)
        }
    }
}

enum HostName {
    /// In lower case and without the dot of the root; nil when it is not a host name (RFC 1123, underscores tolerated) or
    /// some parser could take it for an address (its last label begins with a digit).
    static func normalized(_ text: some StringProtocol) -> String? {
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, labels.allSatisfy(isLabel), let last = labels.last?.first,
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(last)
        else { return nil }
        return name
    }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-") else { return false }
        return label.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
