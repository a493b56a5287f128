internal import EventModel

/// `deduplicate:` of a subscription.
enum DeduplicationCatalog {
    static let prototype = DeduplicationPolicy(window: .minutes(10))

    static let section = Section<DeduplicationPolicy>(prototype, [
        .value("by", \.by, by,
            "What two events have in common that are the same. id: source and id, as CloudEvents says; or a list of key, attributes and JSON pointers such as /data/order."),
        .value("window", \.window, .duration(.milliseconds(1) ... .days(7)),
            "How long after an event the same one is a repeat, by the timestamps of their records. After a restart so much of the log is read again."),
        .value("maxKeys", \.maxKeys, .count(1...10_000_000),
            "Events that are remembered for a partition, about 100 bytes each. Beyond it the oldest is forgotten and counted, and a repeat of it is delivered."),
    ])

    private static let fields = EventPointers.distinctGroupKeys(count: 1...100)

    private static let by = Shape<DeduplicationPolicy.Identification>(
        schema: ["anyOf": [["const": "id"], fields.schema]], form: .fileOnly
    ) { node, path, reader in
        if case .list = node.content { return fields.read(node, path, &reader).map { .fields($0) } }
        return id.read(node, path, &reader).map { .id }
    } show: { by in
        switch by {
        case .id: "id"
        case .fields(let keys): fields.show(keys)
        }
    }

    private static let id = Shape<Void>.scalar("id, or a list such as [type, /data/order]", .any, schema: ["const": "id"]) {
        $0 == "id" ? .value(()) : .unexpected
    } show: { "id" }
}
