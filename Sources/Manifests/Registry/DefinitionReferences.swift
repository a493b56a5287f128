/// What a subscription that came through the API may refer to: files in one folder, by their names there.
///
/// Whoever may register a subscription chooses its endpoint as well, so a reference to any file or variable would send that
/// there. And a secret that stands in the definition itself would stand in Kafka.
struct DefinitionReferences {
    /// Nil: to nothing.
    let folder: String?

    /// The definition with the paths of its files in place of their names.
    func resolved(_ node: Node, _ path: [String], _ reader: inout Reader) -> Node {
        var resolved = node
        switch node.content {
        case .refused: break
        case .mapping(let entries):
            resolved.content = .mapping(entries.map { Node.Entry(key: $0.key, value: self.resolved($0.value, path + [$0.key], &reader)) })
        case .list(let items):
            resolved.content = .list(items.enumerated().map { self.resolved($1, path + ["\($0)"], &reader) })
        case .scalar(let scalar):
            guard !node.isNull else { break }
            var scalar = scalar
            guard let text = text(scalar.text, node.position, path, &reader) else {
                resolved.content = .refused
                break
            }
            scalar.text = text
            resolved.content = .scalar(scalar)
        }
        return resolved
    }

    private func text(_ text: String, _ position: Position, _ path: [String], _ reader: inout Reader) -> String? {
        if Self.files.contains(path) { return self.path(of: text[...], position, &reader) }
        var result = ""
        var rest = text[...]
        var isReference = false
        while let dollar = rest.firstRange(of: "${") {
            let before = rest[..<dollar.lowerBound]
            result += before + "${"
            rest = rest[dollar.upperBound...]
            if before.last == "$" { continue }
            guard let end = rest.firstIndex(of: "}"), rest[..<end].hasPrefix("file:") else {
                reader.error(position, "", "only ${file:NAME} can be referred to here; variables are the bridge's own; write $${ for the two characters")
                return nil
            }
            guard Self.areas.contains(path.first ?? "") else {
                reader.error(position, "", "a file can be referred to in signing, auth and headers, and not here")
                return nil
            }
            guard let file = self.path(of: rest[..<end].dropFirst("file:".count), position, &reader) else { return nil }
            result += "file:\(file)}"
            rest = rest[rest.index(after: end)...]
            isReference = true
        }
        guard isReference || !Self.isSecret(path) || text.contains("{{") && path.first == "headers" else {
            reader.error(position, "", "a secret must not stand here in clear, it would stand in Kafka; write \"${file:NAME}\", a file in the folder ops.subscriptions.folder")
            return nil
        }
        return result + rest
    }

    private func path(of name: Substring, _ position: Position, _ reader: inout Reader) -> String? {
        guard let folder else {
            reader.error(position, "", "files cannot be referred to: ops.subscriptions.folder of fanfare.yaml names no folder")
            return nil
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = name.utf8.count <= 255 && parts.allSatisfy { part in
            part.first.map { $0 != "." } ?? false && part.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "._-".utf8.contains($0) }
        }
        guard isPlain else {
            reader.error(position, "", "must be the name of a file in ops.subscriptions.folder: letters, digits, ., _, - and / between folders, none beginning with a dot")
            return nil
        }
        return FilePath.join(FilePath.tidy(folder), String(name))
    }

    private static let files = [["tls", "ca"], ["auth", "mtls", "certificate"], ["auth", "mtls", "key"]]
    private static let areas = ["signing", "auth", "headers"]

    static func isSecret(_ path: [String]) -> Bool {
        switch path.first {
        case "signing": path.count > 2 && ["secrets", "keys"].contains(path[1])
        case "auth": ["password", "token", "value", "clientSecret"].contains(path.last)
        case "headers": path.count == 2 && HeaderRules.isCredential(path[1])
        default: false
        }
    }
}
