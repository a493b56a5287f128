internal import EventModel

/// The keys of `ops.tokens`.
enum TokenCatalog {
    static let section = Section<BridgeConfiguration.Ops.Tokens>(BridgeConfiguration.Ops.Tokens(), [
        .undefaulted("viewer", \.viewers, tokens, "Tokens that may read: each a text, or a mapping with name and token. A file may hold several, one per line."),
        .undefaulted("operator", \.operators, tokens, "Tokens that may read and change."),
    ])

    /// What is to be read again when a file changes; nil where a variable or a flag gives tokens.
    static func source(_ root: Node?, _ reader: Reader) -> Node? {
        let given = reader.positions.filter { $0.key.hasPrefix("ops.tokens") }.values
        return given.allSatisfy { $0.line > 0 } ? root?.entry("ops")?.entry("tokens") : nil
    }

    private typealias Token = BridgeConfiguration.Ops.Token

    private static let example = "\"${file:/etc/fanfare/secrets/operator}\""
    private static let most = 100

    private static let tokens: Shape<[Token]> = {
        let lists = Shape<[[Token]]>.list("a list such as [\(example)]", of: item, count: 0...most)
        return Shape(schema: lists.schema, form: lists.form) { node, path, reader in
            guard let tokens = lists.read(node, path, &reader)?.flatMap({ $0 }) else { return nil }
            guard tokens.count <= most else {
                reader.error(node.position, path, "holds \(tokens.count) with all lines of its files, more than \(most); remove the oldest")
                return nil
            }
            return tokens
        } show: { _ in .null }
    }()

    private struct Entry: Sendable {
        var name = ""
        var tokens: [Token] = []
    }

    private static let entry = Section<Entry>(Entry(), [
        .required("name", \.name, name, "Who has it; changes are recorded under this name.", example: "name: alice"),
        .required("token", \.tokens, texts, "The token.", example: "token: \(example)"),
    ])

    private static let item = Shape<[Token]>(schema: ["anyOf": [texts.schema, entry.schema]], form: .text) { node, path, reader in
        guard case .mapping = node.content else { return texts.read(node, path, &reader) }
        var named = Entry()
        entry.apply(node, path, to: &named, &reader)
        for index in named.tokens.indices { named.tokens[index].name = named.name }
        return named.name.isEmpty || named.tokens.isEmpty ? nil : named.tokens
    } show: { _ in "***" }

    private static let name = Shape<String>.text(
        "a name of letters, digits, ., _, @ and -, at most 64", pattern: "[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"
    ) { name in
        guard let first = name.utf8.first, ASCII.isLetter(first) || ASCII.isDigit(first), name.utf8.count <= 64 else { return .unexpected }
        return name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "._@-".utf8.contains($0) } ? .value(()) : .unexpected
    }

    /// What one text holds: a token, or one for each line.
    private static let texts = Shape<[Token]>(schema: ["type": "string"], form: .text) { node, path, reader in
        guard let text = reader.text(node, path, expected: "a token such as \(example)") else { return nil }
        let source = text.raw.contains("${file:") ? text.raw : nil
        let lines = text.value.trimmedLines
        var tokens: [Token] = []
        for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            if let complaint = complaint(line) {
                reader.error(node.position, path, lines.count > 1 ? "line \(index + 1): \(complaint)" : complaint)
                return nil
            }
            tokens.append(Token(secret: SigningSecret(line, source: source)))
        }
        // Without any, everybody on this machine might do everything.
        guard !tokens.isEmpty else {
            reader.error(node.position, path, "holds no token; write one on a line")
            return nil
        }
        if let warning = SigningCatalog.clearTextComplaint(node) { reader.warn(node.position, path, warning, code: .secretInClear) }
        return tokens
    } show: { _ in "***" }

    /// A token must be too long to be guessed, and what RFC 6750 lets stand in a header.
    private static func complaint(_ token: String) -> String? {
        guard token.utf8.count >= 20 else { return "a token has at least 20 characters; make one with openssl rand -hex 32" }
        guard token.utf8.count <= 512 else { return "a token has at most 512 characters" }
        let isToken = token.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "-._~+/=".utf8.contains($0) }
        return isToken ? nil : "a token holds letters, digits, -, ., _, ~, +, / and = only; make one with openssl rand -hex 32"
    }
}
