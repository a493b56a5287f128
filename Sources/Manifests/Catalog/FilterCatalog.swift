internal import EventModel
internal import Filters

/// `filters:` and its dialects. A new dialect is one entry of `dialects`.
enum FilterCatalog {
    struct Dialect: Sendable {
        let name: String
        let doc: String
        let schema: JSON
        let read: @Sendable (_ node: Node, _ path: String, _ reader: inout Reader) -> FilterExpression?
    }

    static let dialects: [Dialect] = [
        attributes("exact", "Every named attribute equals its value.") { .exact($0) },
        attributes("prefix", "Every named attribute begins with its value.") { .prefix($0) },
        attributes("suffix", "Every named attribute ends with its value.") { .suffix($0) },
        combination("all", "All of these filters match.") { .all($0) },
        combination("any", "At least one of these filters matches.") { .any($0) },
        Dialect(name: "not", doc: "This filter does not match.", schema: reference) { node, path, reader in
            read(node, path, &reader).map { .not($0) }
        },
        sql,
        PatternCatalog.dialect,
    ]

    static let filters = Shape<[FilterExpression]>.list(
        "a list of filters such as [{ exact: { type: order.created } }]",
        of: Shape(schema: reference, form: .fileOnly, read: read, show: { _ in .null })
    ).fileOnly()

    private static let reference: JSON = ["$ref": "#/definitions/filter"]

    /// Under `definitions` of every schema that has filters.
    static let schema: JSON = [
        "description": "One filter: a mapping with exactly one key.", "type": "object", "minProperties": 1, "maxProperties": 1,
        "additionalProperties": false,
        "properties": .object(dialects.map { .init(name: $0.name, value: $0.schema.describedUnlessReference($0.doc)) }),
    ]

    @Sendable private static func read(_ node: Node, _ path: String, _ reader: inout Reader) -> FilterExpression? {
        guard let entries = reader.entries(node, path, expected: "a filter such as exact: { type: order.created }") else { return nil }
        guard entries.count <= 1 else {
            reader.error(node.position, path, "has \(entries.count) keys; a filter has exactly one, so make each an item of its own")
            return nil
        }
        guard let entry = entries.first else {
            reader.error(node.position, path, "is empty; write a filter such as exact: { type: order.created }")
            return nil
        }
        let here = "\(path).\(entry.key)"
        guard let dialect = dialects.first(where: { $0.name == entry.key }) else {
            reader.unknownKey(here, entry.key, among: dialects.map(\.name), at: entry.value.position)
            return nil
        }
        return dialect.read(entry.value, here, &reader)
    }

    /// What makes such a filter valid is said where filters are compiled; here it gets its place in the file.
    private static func attributes(
        _ name: String, _ doc: String, _ make: @escaping @Sendable ([AttributeOperand]) -> FilterExpression
    ) -> Dialect {
        let schema: JSON = [
            "type": "object", "minProperties": 1, "propertyNames": ["pattern": "^[a-z0-9]+$"],
            "additionalProperties": ["type": ["string", "number", "boolean"], "minLength": 1],
        ]
        return Dialect(name: name, doc: doc, schema: schema) { node, path, reader in
            guard let entries = reader.entries(node, path, expected: "a mapping of attributes such as type: order.created") else { return nil }
            var operands: [AttributeOperand] = []
            for entry in entries {
                let here = "\(path).\(entry.key)"
                guard let text = Shape<String>.anyScalar("text").read(entry.value, here, &reader) else { continue }
                reader.remember(here, entry.value.position)
                operands.append(AttributeOperand(attribute: entry.key, operand: text))
            }
            guard operands.count == entries.count else { return nil }
            let filter = make(operands)
            let parent = String(path.dropLast(name.count))
            for problem in filter.problems() {
                let here = parent + problem.path
                reader.error(reader.positions[here] ?? node.position, here, problem.message)
            }
            return filter
        }
    }

    private static func combination(
        _ name: String, _ doc: String, _ make: @escaping @Sendable ([FilterExpression]) -> FilterExpression
    ) -> Dialect {
        Dialect(name: name, doc: doc, schema: ["type": "array", "minItems": 1, "items": reference]) { node, path, reader in
            let list = Shape<[FilterExpression]>.list(
                "a list of filters such as [{ exact: { type: order.created } }]",
                of: Shape(schema: reference, form: .fileOnly, read: read, show: { _ in .null }), count: 1...1000)
            return list.read(node, path, &reader).map(make)
        }
    }

    /// A value's place is that of its key, so where in the expression the fault is is said in characters.
    private static let sql = Dialect(
        name: "sql", doc: "This expression of CloudEvents SQL 1.0 is true.", schema: ["type": "string", "minLength": 1]
    ) { node, path, reader in
        guard let text = reader.text(node, path, expected: "an expression such as \"source LIKE '/shop/%'\"") else { return nil }
        guard !text.scalar.looksLikeNumberOrBoolean else {
            reader.error(node.position, path, "must be text; put \(text.raw) in quotes")
            return nil
        }
        let filter = FilterExpression.sql(text.value)
        let problems = filter.problems()
        for problem in problems {
            // Nothing of what was put in may be shown.
            reader.error(node.position, path, text.isInterpolated ? "is not a valid expression with its variables put in; try it without them" : problem.message)
        }
        guard problems.isEmpty else { return nil }
        for warning in filter.warnings where !text.isInterpolated { reader.warn(node.position, path, warning.message) }
        return filter
    }
}

extension JSON {
    /// In draft-07 the siblings of `$ref` mean nothing.
    func describedUnlessReference(_ doc: String) -> JSON {
        if case .object(let members) = self, members.first?.name == "$ref" { return self }
        return prepending("description", .string(doc))
    }
}
