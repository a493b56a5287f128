internal import Glibc
internal import Transforms

/// Addresses of things to talk to.
enum Endpoints {
    /// The same of a URL in which variables may stand.
    static func check(template url: String) -> Reading<Void> {
        guard Template.hasTags(url) else { return check(url) }
        do throws(TemplateError) {
            return check(try EndpointTemplate(url).sample)
        } catch {
            return .wrong("character \(error.column): \(error.message)")
        }
    }

    /// An absolute `http` or `https` URL that a request can be sent to; the reason if it is not one.
    ///
    /// Deliberately narrower than RFC 3986: what is unusual here is a mistake, or a way around the egress rules.
    static func check(_ url: String) -> Reading<Void> {
        guard let scheme = ["https://", "http://"].first(where: { url.lowercased().hasPrefix($0) }) else {
            return .unexpected
        }
        guard url.utf8.count <= 2048 else { return .wrong("is longer than 2048 characters") }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return .wrong("must not hold spaces or characters outside ASCII; percent-encode them, and write the host name in its xn-- form")
        }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.contains("@") {
            return .wrong("must not hold a user name or password; write them into headers.Authorization")
        }
        if rest.contains("#") { return .wrong("must not have a fragment (#...), it is never sent") }
        if rest.utf8.contains(where: { "\"<>\\^`{|}".utf8.contains($0) }) {
            return .wrong("holds a character that must be percent-encoded in a URL")
        }
        guard isHostAndPort(authority, needsPort: false) else { return .wrong("has no valid host and port") }
        return .value(())
    }

    /// Whether a URL that was checked leads to this machine: `localhost`, `127.0.0.0/8`, `[::1]`.
    static func isLoopback(_ url: String) -> Bool {
        let authority = url.split(separator: "/", maxSplits: 2).dropFirst().first ?? ""
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" && $0 != "?" }
        return host.lowercased() == "localhost" || host == "::1" || host.hasPrefix("127.") && isAddress(String(host), AF_INET)
    }

    /// `host`, `host:port`, `1.2.3.4:port`, `[::1]:port`.
    static func isHostAndPort(_ text: Substring, needsPort: Bool, lowestPort: Int = 1) -> Bool {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return false }
            host = text[...end]
            let after = text[text.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { return false }
            port = after.isEmpty ? nil : after.dropFirst()
            guard isAddress(String(host.dropFirst().dropLast()), AF_INET6) else { return false }
        } else {
            if let colon = text.firstIndex(of: ":") {
                host = text[..<colon]
                port = text[text.index(after: colon)...]
            }
            guard isHostName(host) else { return false }
        }
        guard let port else { return !needsPort }
        guard port.utf8.allSatisfy(ASCII.isDigit), let number = Int(port) else { return false }
        return (lowestPort...65535).contains(number)
    }

    /// A DNS name or an IPv4 address. Names that end in a number must be such an address: `127.1` and `0x7f.1` are
    /// notations that resolvers read differently.
    static func isHostName(_ host: Substring) -> Bool {
        let labels = (host.hasSuffix(".") ? host.dropLast() : host).split(separator: ".", omittingEmptySubsequences: false)
        guard host.utf8.count <= 253, let last = labels.last else { return false }
        for label in labels {
            guard (1...63).contains(label.utf8.count), label.first != "-", label.last != "-",
                label.utf8.allSatisfy({ ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x2D || $0 == 0x5F })
            else { return false }
        }
        let endsInNumber = last.utf8.allSatisfy(ASCII.isDigit) || last.lowercased().hasPrefix("0x")
        return !endsInNumber || isAddress(String(host), AF_INET)
    }

    /// An entry of `egress.allow` and `egress.deny`: a host name, `*.suffix`, an address or a CIDR range.
    static func isHostPattern(_ text: String) -> Bool {
        if let slash = text.firstIndex(of: "/") {
            let address = String(text[..<slash])
            let bits = text[text.index(after: slash)...]
            guard bits.utf8.allSatisfy(ASCII.isDigit), let bits = Int(bits) else { return false }
            return isAddress(address, AF_INET) && bits <= 32 || isAddress(address, AF_INET6) && bits <= 128
        }
        if text.hasPrefix("*.") { return isHostName(text.dropFirst(2)) }
        return isHostName(text[...]) || isAddress(text, AF_INET6)
    }

    private static func isAddress(_ text: String, _ family: Int32) -> Bool {
        var buffer = in6_addr()
        return inet_pton(family, text, &buffer) == 1
    }
}
