internal import EventModel
internal import Filters

/// `pattern:`, a content pattern in the event-ruler dialect.
enum PatternCatalog {
    static let dialect = FilterCatalog.Dialect(
        name: "pattern", doc: "The event as JSON looks like this: attributes at the top, the payload under data. In the event-ruler dialect.",
        schema: [
            "type": "object", "minProperties": 1,
            "additionalProperties": ["type": ["object", "array"], "minProperties": 1, "minItems": 1],
        ]
    ) { node, path, reader in
        guard let tree = tree(node, path, &reader) else { return nil }
        // What makes a pattern valid is said where patterns are compiled; here it gets its place in the file.
        let filter = FilterExpression.pattern(tree)
        let parent = String(path.dropLast("pattern".count))
        for problem in filter.problems() {
            let here = parent + problem.path
            reader.error(reader.positions[here] ?? node.position, here, problem.message)
        }
        return filter
    }

    /// Nil after a problem.
    private static func tree(_ node: Node, _ path: String, _ reader: inout Reader) -> PatternTree? {
        reader.remember(path, node.position)
        switch node.content {
        case .refused: return nil
        case .mapping(let entries):
            let members = entries.compactMap { entry in
                tree(entry.value, "\(path).\(entry.key)", &reader).map { PatternTree.Member(entry.key, $0) }
            }
            return members.count == entries.count ? .object(members) : nil
        case .list(let items):
            let read = items.enumerated().compactMap { tree($1, "\(path)[\($0)]", &reader) }
            return read.count == items.count ? .list(read) : nil
        case .scalar:
            if node.isNull { return .null }
            return reader.text(node, path, expected: "a value").flatMap { scalar($0, node, path, &reader) }
        }
    }

    /// What is not quoted and looks like a number or a boolean is one; so in JSON, and in YAML 1.2.
    private static func scalar(_ text: Reader.Text, _ node: Node, _ path: String, _ reader: inout Reader) -> PatternTree? {
        guard !text.isInterpolated, text.scalar.looksLikeNumberOrBoolean else { return .string(text.value) }
        switch text.value {
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case let number where isJSONNumber(number): return .number(number)
        default:
            reader.error(node.position, path, "is a number that JSON does not have; write it with digits on both sides of the point, or in quotes as text")
            return nil
        }
    }

    /// RFC 8259: `-0.5e+3`, not `+1`, `.5`, `1.`, `0x10` or `007`.
    private static func isJSONNumber(_ text: String) -> Bool {
        text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil
    }
}
