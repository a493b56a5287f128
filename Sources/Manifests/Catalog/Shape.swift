/// A kind of value: how it is read, how it is written, and what editors are told about it.
struct Shape<Value>: Sendable {
    /// JSON Schema of it.
    let schema: JSON
    /// How an environment variable or a flag gives it.
    let form: TextForm
    /// Nil after a problem.
    let read: @Sendable (_ node: Node, _ path: String, _ reader: inout Reader) -> Value?
    /// For defaults in the schema.
    let show: @Sendable (Value) -> JSON
}

/// How a key's value is given outside of files.
enum TextForm: Sendable, Equatable {
    /// As the text itself; items of a list separated by commas.
    case text
    /// One variable per entry: `_` in the rest of the variable's name stands for the separator, and letters are small.
    case entries(separator: Character)
    /// Not at all.
    case fileOnly
}

/// What a scalar's text turned out to be.
enum Reading<Value> {
    case value(Value)
    /// Not of the expected form.
    case unexpected
    /// Of the form, but not within bounds; completes "must be ..., not ...".
    case outside(String)
    /// Wrong for a reason of its own; a clause that follows the key's path.
    case wrong(String)
}

/// The kinds of plain YAML scalar that a text must not be confused with.
enum ScalarStyle: Sendable {
    /// Anything, as it was written: `1.0` stays `1.0`.
    case any
    /// Text of people's own: a plain number or boolean needs quotes.
    case text
    /// A number or boolean: no quotes, unless for `${...}`.
    case plain
}

extension Shape {
    /// A scalar.
    ///
    /// - Parameters:
    ///   - expected: with article and example, completes "must be ...".
    ///   - isSecret: its text never appears in a message.
    static func scalar(
        _ expected: String, _ style: ScalarStyle, isSecret: Bool = false, schema: JSON,
        read: @escaping @Sendable (String) -> Reading<Value>, show: @escaping @Sendable (Value) -> JSON
    ) -> Shape {
        Shape(schema: schema, form: .text) { node, path, reader in
            guard let text = reader.text(node, path, expected: expected) else { return nil }
            if style == .plain && text.scalar.style == .quoted && !text.isInterpolated {
                reader.error(node.position, path, "must be \(expected), without quotes")
                return nil
            }
            let quoted = isSecret ? "" : ", not \(Self.quote(text.raw))"
            switch read(text.value) {
            case .value(let value):
                guard style == .text && text.scalar.looksLikeNumberOrBoolean else { return value }
                reader.error(node.position, path, "must be text; put \(isSecret ? "it" : text.raw) in quotes")
            case .unexpected: reader.error(node.position, path, "must be \(expected)\(quoted)")
            case .outside(let bounds): reader.error(node.position, path, "must be \(bounds)\(quoted)")
            case .wrong(let reason): reader.error(node.position, path, reason)
            }
            return nil
        } show: { show($0) }
    }

    private static func quote(_ raw: String) -> String {
        let visible = raw.unicodeScalars.prefix(60).map { $0.value < 0x20 || $0.value == 0x7F ? " " : String($0) }.joined()
        return "\"\(visible)\(raw.unicodeScalars.count > 60 ? "..." : "")\""
    }

    /// `null` gives nil: a way to take back what `defaults` say.
    static func optional<Wrapped>(_ shape: Shape<Wrapped>) -> Shape where Value == Wrapped? {
        Shape(schema: .nullable(shape.schema), form: shape.form) { node, path, reader in
            if node.isNull { return .some(nil) }
            guard let value = shape.read(node, path, &reader) else { return nil }
            return .some(value)
        } show: { $0.map(shape.show) ?? .null }
    }

    /// A list; items with problems are left out, so that all of them are found.
    static func list<Item>(
        _ expected: String, of item: Shape<Item>, count: ClosedRange<Int> = 0...1000
    ) -> Shape where Value == [Item] {
        var schema: JSON = ["type": "array", "items": item.schema]
        if count.lowerBound > 0 { schema = schema.appending("minItems", .int(count.lowerBound)) }
        return Shape(schema: schema, form: .text) { node, path, reader in
            guard let items = reader.items(node, path, expected: expected) else { return nil }
            if items.count < count.lowerBound {
                reader.error(node.position, path, "must not be empty; write \(expected)")
                return nil
            }
            if items.count > count.upperBound {
                reader.error(node.position, path, "has \(items.count) items, more than \(count.upperBound)")
                return nil
            }
            var values: [Item] = []
            for (index, node) in items.enumerated() {
                guard let value = item.read(node, "\(path)[\(index)]", &reader) else { continue }
                values.append(value)
            }
            return values.count == items.count ? values : nil
        } show: { .array($0.map(item.show)) }
    }

    func fileOnly() -> Shape { Shape(schema: schema, form: .fileOnly, read: read, show: show) }
}

extension JSON {
    static func nullable(_ schema: JSON) -> JSON { ["anyOf": [schema, ["type": "null"]]] }
    /// A typed scalar may also be text that a variable completes.
    static func orInterpolated(_ schema: JSON) -> JSON { ["anyOf": [schema, ["$ref": "#/definitions/interpolated"]]] }
    /// Text of a form, or with a variable in it.
    static func pattern(_ pattern: String) -> JSON { ["type": "string", "pattern": .string("^(\(pattern)|.*\\$\\{.*)$")] }
}
