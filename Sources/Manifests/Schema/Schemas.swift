/// JSON Schema (draft-07) of a topic manifest, from the same catalog that reads it. `topics/schema.json` is this text.
public func manifestSchema() -> String {
    document(title: "Fanfare topic manifest", ManifestReader.schema)
}

/// JSON Schema (draft-07) of `fanfare.yaml`.
public func configurationSchema() -> String {
    document(title: "Fanfare configuration", ConfigurationCatalog.root.schema)
}

private func document(title: String, _ schema: JSON) -> String {
    schema
        .prepending("title", .string(title))
        .prepending("$schema", "http://json-schema.org/draft-07/schema#")
        .appending("definitions", .object(definitions))
        .text() + "\n"
}

/// What schemas refer to by `#/definitions/`.
private let definitions: [JSON.Member] = [
    .init(name: "interpolated", value: ["description": "Text that a variable or a file completes.", "type": "string", "pattern": "\\$\\{.*\\}"]),
    .init(name: "filter", value: FilterCatalog.schema),
]

/// What is put into the API to register a subscription, as JSON Schema 2020-12, which OpenAPI 3.1 has: from the same catalog as
/// that of manifests.
package enum RegistrationSchema {
    /// A subscription as in a manifest, and its topic.
    ///
    /// - Parameter place: Where a definition stands, by its name.
    package static func subscription(_ place: (String) -> String) -> JSON {
        guard case .object(var members) = SubscriptionCatalog.section.schema.modern(place) else { preconditionFailure("a section is an object") }
        let topic: JSON = ["description": "What it reads: a topic that has a manifest.", "type": "string"]
        for i in members.indices where members[i].name == "properties" { members[i].value = members[i].value.prepending("topic", topic) }
        members.removeAll { $0.name == "required" }
        return JSON.object(members).appending("required", ["topic", "endpoint"])
            .prepending("description", "What a manifest says of a subscription, and its topic.")
    }

    /// What that refers to, by the names that `place` is asked for.
    package static func definitions(_ place: (String) -> String) -> [(name: String, schema: JSON)] {
        Manifests.definitions.map { (name: $0.name, schema: $0.value.modern(place)) }
    }
}

extension JSON {
    /// The schema in the words of JSON Schema 2020-12.
    fileprivate func modern(_ place: (String) -> String) -> JSON {
        switch self {
        case .array(let items): .array(items.map { $0.modern(place) })
        case .object(let members): .object(members.map { $0.modern(place) })
        default: self
        }
    }
}

extension JSON.Member {
    private static let draft7 = "#/definitions/"

    fileprivate func modern(_ place: (String) -> String) -> JSON.Member {
        switch (name, value) {
        case ("$ref", .string(let text)) where text.hasPrefix(Self.draft7):
            JSON.Member(name: name, value: .string(place(String(text.dropFirst(Self.draft7.count)))))
        case ("dependencies", .object): JSON.Member(name: "dependentSchemas", value: value.modern(place))
        default: JSON.Member(name: name, value: value.modern(place))
        }
    }
}
