/// Texts that came from variables and files, and are to be hidden in what is shown.
enum Confidential {
    /// Of an address only what is behind its host; nothing that is too short to be a secret.
    static func texts(_ substituted: ArraySlice<String>) -> [String] {
        var texts: [String] = []
        for text in substituted.flatMap(secretParts) where text.utf8.count >= 6 && !texts.contains(text) { texts.append(text) }
        return texts
    }

    private static func secretParts(of text: String) -> [String] {
        guard let scheme = text.firstRange(of: "://") else { return text.trimmedLines }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let user = authority.lastIndex(of: "@").map { String(authority[..<$0]) }
        return [user, String(rest.dropFirst(authority.count + 1))].compactMap { $0 }
    }
}

extension String {
    /// Without the texts that are shown to nobody.
    package func hiding(_ confidential: [String]) -> String {
        // The longest first: one may be a part of another.
        confidential.sorted { $0.utf8.count > $1.utf8.count }.reduce(self) { $0.replacing($1, with: Redaction.mask) }
    }
}
