extension JSON {
    /// As YAML, for people: blocks, and short lists on one line.
    package func yaml(indent: String = "") -> String {
        guard case .object(let members) = self, !members.isEmpty else { return indent + text(indent: indent) + "\n" }
        return members.map { member in
            let name = indent + Self.plain(member.name) + ":"
            switch member.value {
            case .object(let inner) where !inner.isEmpty: return "\(name)\n\(member.value.yaml(indent: indent + "  "))"
            case .string(let text): return "\(name) \(Self.plain(text))\n"
            default: return "\(name) \(member.value.text(indent: indent + "  "))\n"
            }
        }.joined()
    }

    /// Without quotes where every reader of YAML takes it for a text.
    private static func plain(_ text: String) -> String {
        let isPlain = text.utf8.first.map { ASCII.isLetter($0) || $0 == 0x2F } ?? false
            && text.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "./_-".utf8.contains($0) }
            && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
        return isPlain ? text : JSON.string(text).text()
    }
}
