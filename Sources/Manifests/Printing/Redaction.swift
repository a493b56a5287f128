/// Texts of configuration without what they may hide.
///
/// A reference, `${...}`, is shown as it is written and never what it stands for; around it, and in place of a secret that
/// stands in clear, there is `***`.
package enum Redaction {
    static let mask = "***"

    /// - Parameter isSecret: whether what stands in clear is one.
    static func shown(_ text: String, isSecret: Bool) -> String {
        var result = ""
        for piece in pieces(of: text) {
            switch piece {
            case .literal(let literal): result += isSecret ? mask : withoutCredentials(literal)
            case .reference(let name, let fallback):
                result += "${\(name)"
                if let fallback { result += ":-" + (isSecret && !fallback.isEmpty ? mask : withoutCredentials(fallback)) }
                result += "}"
            }
        }
        return result
    }

    /// Of an endpoint, whose path and query may be a capability: host, and references.
    static func shown(endpoint text: String) -> String {
        var result = ""
        for (index, piece) in pieces(of: text).enumerated() {
            switch piece {
            case .literal(let literal) where index == 0: result += host(of: literal)
            case .literal: result += mask
            case .reference(let name, let fallback): result += "${\(name)\(fallback.map { ":-" + host(of: $0) } ?? "")}"
            }
        }
        return result
    }

    private static func host(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url.isEmpty ? "" : mask }
        let rest = url[scheme.upperBound...]
        let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let shownHost = host.contains("@") ? mask + host[host.lastIndex(of: "@")!...] : String(host)
        let path = rest.dropFirst(host.count)
        return url[..<scheme.upperBound] + shownHost + (path.isEmpty || path == "/" ? String(path) : "/" + mask)
    }

    /// `https://name:password@host/path?token=...` without name, password, and what the query calls a secret.
    package static func withoutCredentials(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        var result = String(text[..<scheme.upperBound])
        result += authority.lastIndex(of: "@").map { mask + authority[$0...] } ?? String(authority)
        let path = rest.dropFirst(authority.count)
        guard let question = path.firstIndex(of: "?") else { return result + path }
        let parameters = path[path.index(after: question)...].split(separator: "&", omittingEmptySubsequences: false).map { parameter -> String in
            guard let equals = parameter.firstIndex(of: "="), isSecret(parameter: parameter[..<equals]) else { return String(parameter) }
            return parameter[...equals] + mask
        }
        return result + path[...question] + parameters.joined(separator: "&")
    }

    private static func isSecret(parameter name: Substring) -> Bool {
        SecretNames.mayBeSecret(String(name)) || ["sig", "code", "pass", "pwd"].contains(name.lowercased())
    }

    private enum Piece {
        case literal(String)
        case reference(String, fallback: String?)
    }

    private static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let dollar = rest.firstRange(of: "${"), let end = rest[dollar.upperBound...].firstIndex(of: "}") {
            if dollar.lowerBound > rest.startIndex { pieces.append(.literal(String(rest[..<dollar.lowerBound]))) }
            let inside = rest[dollar.upperBound..<end]
            if !inside.hasPrefix("file:"), let separator = inside.firstRange(of: ":-") {
                pieces.append(.reference(String(inside[..<separator.lowerBound]), fallback: String(inside[separator.upperBound...])))
            } else {
                pieces.append(.reference(String(inside), fallback: nil))
            }
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { pieces.append(.literal(String(rest))) }
        return pieces
    }
}
