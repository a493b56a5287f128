internal import EventModel

/// `events:` of a manifest: what the topic carries, by event type.
enum EventCatalog {
    private static let entry = Section<CatalogEntry>(CatalogEntry(type: "", description: "", schema: nil, example: nil), [
        .value("description", \.description, .text, "What happened, for people."),
        .value("schema", \.schema, file, "JSON Schema (draft-07) of the data; a path relative to this file."),
        .value("example", \.example, file, "An example of the data; a path relative to this file."),
    ])

    static let shape = Shape<[CatalogEntry]>(
        schema: ["type": "object", "additionalProperties": entry.schema], form: .fileOnly
    ) { node, path, reader in
        let expected = "a mapping of event types, such as order.created: { description: An order was placed }"
        guard let entries = reader.entries(node, path, expected: expected) else { return nil }
        return entries.map { item in
            let here = "\(path).\(item.key)"
            if item.key.isEmpty { reader.error(item.value.position, here, "an event type must not be empty") }
            var value = CatalogEntry(type: item.key, description: "", schema: nil, example: nil)
            entry.apply(item.value, here, to: &value, &reader)
            CatalogChecks.run(&value, manifests: node.position.folder, here, &reader)
            return value
        }
    } show: { _ in .object([]) }

    /// A file of JSON; what is wrong inside it is said at its place there.
    private static let file = Shape<CatalogFile?>(schema: ["type": "string"], form: .fileOnly) { node, path, reader in
        guard let name = CatalogShapes.nonEmpty("the path of a file").read(node, path, &reader) else { return nil }
        let file = FilePath.resolve(name, from: node.position.folder)
        switch reader.read(file) {
        case .failure(let failure):
            reader.error(node.position, path, "cannot read \(file): \(failure.message)", code: .unreadableFile)
            return nil
        case .success(let text):
            guard reader.isJSON(text, file, path) else { return nil }
            return CatalogFile(path: file, text: text)
        }
    } show: { _ in .null }
}
