internal import EventModel

/// A mapping whose keys are known: the catalog's unit. Reading it, suggesting its keys, naming its environment
/// variables and describing it to editors all go through the same list.
///
/// Applying a section only sets what is given. So `defaults` and a subscription that is applied on top merge by
/// themselves, key by key, and every value knows the file it came from.
struct Section<Root>: Sendable {
    let keys: [Key<Root>]
    /// JSON Schema of it, defaults included.
    let schema: JSON

    /// - Parameter prototype: holds the defaults.
    init(_ prototype: Root, _ keys: [Key<Root>]) {
        self.keys = keys
        var schema: JSON = [
            "type": "object", "additionalProperties": false,
            "properties": .object(keys.map { JSON.Member(name: $0.name, value: $0.schema(prototype)) }),
        ]
        let required = keys.filter { $0.requirement != nil }
        if !required.isEmpty { schema = schema.appending("required", .array(required.map { .string($0.name) })) }
        self.schema = schema
    }

    func apply(_ node: Node, _ path: String, to root: inout Root, _ reader: inout Reader) {
        let names = keys.map(\.name)
        let expected = "a mapping with keys such as \(names.prefix(4).joined(separator: ", "))"
        guard let entries = reader.entries(node, path, expected: expected) else { return }
        for entry in entries {
            let here = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            guard let key = keys.first(where: { $0.name == entry.key }) else {
                reader.unknownKey(here, entry.key, among: names, at: entry.value.position)
                continue
            }
            reader.remember(here, entry.value.position)
            key.apply(entry.value, here, &root, &reader)
        }
        for key in keys where !entries.contains(where: { $0.key == key.name }) {
            guard let example = key.requirement else { continue }
            reader.error(node.position, path, "the key \(key.name) is missing; write \(example)", code: .missingKey)
        }
    }

    /// All keys below that can be given outside of files.
    var leaves: [Leaf<Root>] { keys.flatMap(\.leaves) }
}

/// One key of a section, described once.
struct Key<Root>: Sendable {
    let name: String
    /// One or two sentences for editors.
    let doc: String
    /// For a key that must be there: what to write when it is not.
    var requirement: String? = nil
    let leaves: [Leaf<Root>]
    /// The key's schema, with its default taken from the prototype.
    let schema: @Sendable (_ prototype: Root) -> JSON
    let apply: @Sendable (_ node: Node, _ path: String, _ root: inout Root, _ reader: inout Reader) -> Void
}

/// A key that an environment variable or a flag can give.
struct Leaf<Root>: Sendable {
    let path: [String]
    let form: TextForm
    let apply: @Sendable (_ node: Node, _ path: String, _ root: inout Root, _ reader: inout Reader) -> Void

    var name: String { path.joined(separator: ".") }
}

typealias Property<Root, Value> = WritableKeyPath<Root, Value> & Sendable

extension Key {
    /// A key with a value.
    static func value<Value>(
        _ name: String, _ property: any Property<Root, Value>, _ shape: Shape<Value>, _ doc: String
    ) -> Key {
        let apply: @Sendable (Node, String, inout Root, inout Reader) -> Void = { node, path, root, reader in
            if let value = shape.read(node, path, &reader) { root[keyPath: property] = value }
        }
        return Key(name: name, doc: doc, leaves: leaves(name, shape.form, apply)) { prototype in
            describe(shape.schema, doc, default: shape.show(prototype[keyPath: property]))
        } apply: { apply($0, $1, &$2, &$3) }
    }

    /// A key that must be given, and so has no default.
    static func required<Value>(
        _ name: String, _ property: any Property<Root, Value>, _ shape: Shape<Value>, _ doc: String, example: String
    ) -> Key {
        var key = undefaulted(name, property, shape, doc)
        key.requirement = example
        return key
    }

    /// A key whose default is not worth showing.
    static func undefaulted<Value>(
        _ name: String, _ property: any Property<Root, Value>, _ shape: Shape<Value>, _ doc: String
    ) -> Key {
        let key = value(name, property, shape, doc)
        return Key(name: name, doc: doc, leaves: key.leaves, schema: { _ in describe(shape.schema, doc) }, apply: key.apply)
    }

    /// A key that holds a section.
    static func section<Value>(
        _ name: String, _ property: any Property<Root, Value>, _ section: Section<Value>, _ doc: String
    ) -> Key {
        let leaves = section.leaves.map { leaf in
            Leaf<Root>(path: [name] + leaf.path, form: leaf.form) { leaf.apply($0, $1, &$2[keyPath: property], &$3) }
        }
        return Key(name: name, doc: doc, leaves: leaves) { _ in
            describe(section.schema, doc)
        } apply: { section.apply($0, $1, to: &$2[keyPath: property], &$3) }
    }

    /// A mapping of names to texts that is put over what is there already.
    static func fields(
        _ name: String, _ property: any Property<Root, [HeaderField]>, _ shape: Shape<[HeaderField]>, _ doc: String
    ) -> Key {
        let apply: @Sendable (Node, String, inout Root, inout Reader) -> Void = { node, path, root, reader in
            guard let fields = shape.read(node, path, &reader) else { return }
            root[keyPath: property] = root[keyPath: property].merged(with: fields)
        }
        return Key(name: name, doc: doc, leaves: leaves(name, shape.form, apply)) { _ in
            describe(shape.schema, doc)
        } apply: { apply($0, $1, &$2, &$3) }
    }

    /// A section that is there or not; `null` takes it away.
    static func optionalSection<Value: Sendable>(
        _ name: String, _ property: any Property<Root, Value?>, _ prototype: Value, _ section: Section<Value>, _ doc: String
    ) -> Key {
        let leaves = section.leaves.map { leaf in
            Leaf<Root>(path: [name] + leaf.path, form: leaf.form) { node, path, root, reader in
                var value = root[keyPath: property] ?? prototype
                leaf.apply(node, path, &value, &reader)
                root[keyPath: property] = value
            }
        }
        return Key(name: name, doc: doc, leaves: leaves) { _ in
            describe(.nullable(section.schema), doc)
        } apply: { node, path, root, reader in
            if node.isNull {
                root[keyPath: property] = nil
                return
            }
            var value = root[keyPath: property] ?? prototype
            section.apply(node, path, to: &value, &reader)
            root[keyPath: property] = value
        }
    }

    private static func leaves(
        _ name: String, _ form: TextForm,
        _ apply: @escaping @Sendable (Node, String, inout Root, inout Reader) -> Void
    ) -> [Leaf<Root>] {
        form == .fileOnly ? [] : [Leaf(path: [name], form: form, apply: apply)]
    }

    private static func describe(_ schema: JSON, _ doc: String, default value: JSON? = nil) -> JSON {
        var described = schema.prepending("description", .string(doc))
        if let value, value != .null { described = described.appending("default", value) }
        return described
    }
}

extension Node {
    /// Whether this is the given value, in any notation.
    func matches(_ value: JSON) -> Bool {
        switch (value, content) {
        case (.null, _) where isNull: return true
        case (.array(let items), .list(let nodes)): return items.count == nodes.count && zip(nodes, items).allSatisfy { $0.matches($1) }
        case (.object([]), .mapping(let entries)): return entries.isEmpty
        case (.array([]), .scalar(let scalar)): return scalar.style == .outside && scalar.text.isEmpty
        case (.string(let text), .scalar(let scalar)): return scalar.text == text && !isNull
        case (.bool(let flag), .scalar(let scalar)): return scalar.style != .quoted && scalar.text == String(flag)
        case (.int(let number), .scalar(let scalar)): return scalar.style != .quoted && Int(scalar.text) == number
        case (.double(let number), .scalar(let scalar)): return scalar.style != .quoted && Double(scalar.text) == number
        default: return false
        }
    }
}
