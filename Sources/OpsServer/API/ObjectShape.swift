import Manifests

/// An object of an answer: the members it has, each with its schema and its value.
///
/// The document's schemas and the answers themselves are made of the same lists, so neither can say what the other does not.
struct ObjectShape<Value>: Sendable {
    /// In the document, under `components/schemas`.
    let name: String
    let text: String
    let members: [Member]

    /// One member. Without a value it is left out.
    struct Member: Sendable {
        let name: String
        let schema: JSON
        var isRequired = true
        /// The schemas that its own refers to.
        var uses: [Component] = []
        let value: @Sendable (Value) -> JSON?
    }

    init(_ name: String, _ text: String, _ members: [Member]) {
        self.name = name
        self.text = text
        self.members = members
    }

    func json(_ value: Value) -> JSON {
        .object(members.compactMap { member in member.value(value).map { JSON.Member(name: member.name, value: $0) } })
    }

    var component: Component {
        let required = members.filter(\.isRequired).map { JSON.string($0.name) }
        var schema: JSON = [
            "type": "object", "description": .string(text),
            "properties": .object(members.map { JSON.Member(name: $0.name, value: $0.schema) }),
        ]
        if !required.isEmpty { schema = schema.appending("required", .array(required)) }
        return Component(name: name, schema: schema, uses: members.flatMap(\.uses))
    }
}

/// A schema with a name.
struct Component: Sendable {
    let name: String
    let schema: JSON
    let uses: [Component]

    var reference: JSON { ["$ref": .string("#/components/schemas/\(name)")] }
}

extension ObjectShape.Member {
    static func text(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> String) -> Self {
        Self(name: name, schema: described(["type": "string"], text)) { .string(value($0)) }
    }

    static func words(_ name: String, _ words: [String], _ text: String, _ value: @escaping @Sendable (Value) -> String) -> Self {
        Self(name: name, schema: described(["type": "string", "enum": .array(words.map { .string($0) })], text)) { .string(value($0)) }
    }

    static func time(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> String) -> Self {
        Self(name: name, schema: described(["type": "string", "format": "date-time"], text)) { .string(value($0)) }
    }

    static func optionalTime(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> String?) -> Self {
        Self(name: name, schema: described(["type": "string", "format": "date-time"], text), isRequired: false) { value($0).map { .string($0) } }
    }

    static func number(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> Double) -> Self {
        Self(name: name, schema: described(["type": "number"], text)) { .double(value($0)) }
    }

    static func flag(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> Bool) -> Self {
        Self(name: name, schema: described(["type": "boolean"], text)) { .bool(value($0)) }
    }

    static func count(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> Int) -> Self {
        Self(name: name, schema: described(["type": "integer", "minimum": 0], text)) { .int(value($0)) }
    }

    static func optionalInteger(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> Int64?) -> Self {
        Self(name: name, schema: described(["type": "integer"], text), isRequired: false) { value($0).map { .int(Int($0)) } }
    }

    static func optionalNumber(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> Double?) -> Self {
        Self(name: name, schema: described(["type": "number"], text), isRequired: false) { value($0).map { .double($0) } }
    }

    static func optionalText(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> String?) -> Self {
        Self(name: name, schema: described(["type": "string"], text), isRequired: false) { value($0).map { .string($0) } }
    }

    static func texts(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> [String]) -> Self {
        Self(name: name, schema: described(["type": "array", "items": ["type": "string"]], text)) { .array(value($0).map { .string($0) }) }
    }

    static func integers(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> [Int]) -> Self {
        Self(name: name, schema: described(["type": "array", "items": ["type": "integer"]], text)) { .array(value($0).map { .int($0) }) }
    }

    /// Numbers by name.
    static func counts(_ name: String, _ text: String, _ value: @escaping @Sendable (Value) -> [(name: String, count: Int)]) -> Self {
        Self(name: name, schema: described(["type": "object", "additionalProperties": ["type": "integer"]], text)) {
            .object(value($0).map { JSON.Member(name: $0.name, value: .int($0.count)) })
        }
    }

    static func object<Inner>(_ name: String, _ shape: ObjectShape<Inner>, _ value: @escaping @Sendable (Value) -> Inner) -> Self {
        Self(name: name, schema: shape.component.reference, uses: [shape.component]) { shape.json(value($0)) }
    }

    static func optionalObject<Inner>(_ name: String, _ shape: ObjectShape<Inner>, _ value: @escaping @Sendable (Value) -> Inner?) -> Self {
        Self(name: name, schema: shape.component.reference, isRequired: false, uses: [shape.component]) { value($0).map(shape.json) }
    }

    static func list<Inner>(_ name: String, _ shape: ObjectShape<Inner>, _ text: String, _ value: @escaping @Sendable (Value) -> [Inner]) -> Self {
        Self(name: name, schema: described(["type": "array", "items": shape.component.reference], text), uses: [shape.component]) {
            .array(value($0).map(shape.json))
        }
    }

    private static func described(_ schema: JSON, _ text: String) -> JSON { schema.appending("description", .string(text)) }
}
