/// JSON Schema (draft-07) of a topic manifest, from the same catalog that reads it. `topics/schema.json` is this text.
public func manifestSchema() -> String {
    document(title: "Fanfare topic manifest", ManifestReader.schema)
}

/// JSON Schema (draft-07) of `fanfare.yaml`.
public func configurationSchema() -> String {
    document(title: "Fanfare configuration", ConfigurationCatalog.root.schema)
}

private func document(title: String, _ schema: JSON) -> String {
    let definitions: JSON = [
        "interpolated": ["description": "Text that a variable or a file completes.", "type": "string", "pattern": "\\$\\{.*\\}"],
        "filter": FilterCatalog.schema,
    ]
    return schema
        .prepending("title", .string(title))
        .prepending("$schema", "http://json-schema.org/draft-07/schema#")
        .appending("definitions", definitions)
        .text() + "\n"
}
