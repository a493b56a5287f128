internal import EventModel

/// The keys of a topic manifest.
enum TopicCatalog {
    static let prototype = TopicManifest(topic: "")

    /// Without `subscriptions`, which the loader reads one by one over the defaults.
    static let section = Section<TopicManifest>(prototype, [
        .required("topic", \.topic,
            .text(Names.topicExpectation, pattern: Names.topicPattern) { Names.isTopic($0) ? .value(()) : .unexpected },
            "The Kafka topic.", example: "topic: NAME"),
        .value("description", \.description, .text, "What the topic carries, for people."),
        .value("owner", \.owner, .text, "Who produces it."),
        .section("kafka", \.provisioning, provisioning, "How `fanfare apply` creates the topic."),
        .section("event", \.mapping, mapping, "How a record that is not a CloudEvent becomes one, and how values are framed."),
        .value("events", \.events, EventCatalog.shape, "Catalog of what the topic carries, by event type."),
        .value("validate", \.validate, .choice,
            "What becomes of an event that does not conform to the schema of its type: off (nobody looks), report, reject (a dead letter)."),
        .undefaulted("versions", \.versions, VersionCatalog.shape,
            "Payload versions, the newest first, which is what the topic carries; an older one says how it is made of the next newer one."),
    ])

    static let provisioning = Section<TopicProvisioning>(TopicProvisioning(), [
        .value("partitions", \.partitions, .wrapping(.count(1...100_000)), "Number of partitions."),
        .value("replicationFactor", \.replicationFactor, .wrapping(.count(1...32767)), "Number of replicas."),
        .fields("config", \.config,
            .fields("a mapping of topic settings such as retention.ms: 604800000", separator: ".") { _, _, _, _, _ in },
            "Topic settings, as Kafka names them."),
    ])

    static let mapping = Section<EventMapping>(EventMapping(), [
        .undefaulted("id", \.id, CatalogShapes.source([.header, .pointer, .value, .key]),
            "The event's id; default <topic>-<partition>-<offset>."),
        .undefaulted("type", \.type, CatalogShapes.source([.header, .pointer, .value, .key]), "The event's type; default the topic's name."),
        .undefaulted("source", \.source, CatalogShapes.source([.header, .pointer, .value, .key]), "The event's source; default kafka:<topic>."),
        .undefaulted("subject", \.subject, CatalogShapes.source([.header, .pointer, .value, .key]),
            "The event's subject; default the record's key, if it is text."),
        .undefaulted("time", \.time, CatalogShapes.source([.header, .pointer, .timestamp]), "The event's time; default the record's timestamp."),
        .value("framing", \.framing, .choice,
            "Whether values are in Confluent's wire format: auto (those that look like it), confluent (all) or none."),
    ])
}

/// The values that only topic manifests have.
enum CatalogShapes {
    /// Where an attribute may come from, and how that is written.
    enum Source: String, Sendable {
        case header, pointer, value, key, timestamp

        var example: String {
            switch self {
            case .header: "header: event-id"
            case .pointer: "pointer: /type"
            case .value: "value: /shop/orders"
            case .key: "key: true"
            case .timestamp: "timestamp: true"
            }
        }

        var schema: JSON {
            switch self {
            case .header: ["type": "string", "minLength": 1, "description": "The record header of this name."]
            case .pointer: .pattern("(/.*)?").prepending("description", "A JSON pointer into the value.")
            case .value: ["type": "string", "minLength": 1, "description": "This constant."]
            case .key: ["const": true, "description": "The record's key."]
            case .timestamp: ["const": true, "description": "The record's timestamp."]
            }
        }
    }

    static func source(_ allowed: [Source]) -> Shape<AttributeSource?> {
        let schema: JSON = [
            "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
            "properties": .object(allowed.map { .init(name: $0.rawValue, value: $0.schema) }),
        ]
        let expected = "one of { \(allowed.map(\.example).joined(separator: " }, { ")) }"
        return Shape(schema: schema, form: .fileOnly) { node, path, reader in
            guard let entries = reader.entries(node, path, expected: expected) else { return nil }
            guard entries.count == 1, let entry = entries.first else {
                reader.error(node.position, path, "must be \(expected)")
                return nil
            }
            let here = "\(path).\(entry.key)"
            guard let source = allowed.first(where: { $0.rawValue == entry.key }) else {
                reader.unknownKey(here, entry.key, among: allowed.map(\.rawValue), at: entry.value.position)
                return nil
            }
            return read(source, entry.value, here, &reader)
        } show: { _ in .null }
    }

    private static func read(_ source: Source, _ node: Node, _ path: String, _ reader: inout Reader) -> AttributeSource? {
        switch source {
        case .header: return nonEmpty("the name of a record header").read(node, path, &reader).map { .header($0) }
        case .pointer:
            let pointer = Shape<String>.text("a JSON pointer such as /customer/id, with ~1 for / and ~0 for ~ within a name") {
                Names.isPointer($0) ? .value(()) : .unexpected
            }
            return pointer.read(node, path, &reader).map { .pointer($0) }
        case .value:
            guard let value = nonEmpty("a text").read(node, path, &reader) else { return nil }
            if path == "event.id.value" {
                reader.warn(node.position, path, "with a constant id all events are the same one to a receiver")
            }
            return .value(value)
        case .key, .timestamp:
            guard let isTrue = Shape<Bool>.flag.read(node, path, &reader) else { return nil }
            guard isTrue else {
                reader.error(node.position, path, "must be true; leave the mapping out for the default")
                return nil
            }
            return source == .key ? .key : .timestamp
        }
    }

    static func nonEmpty(_ expected: String) -> Shape<String> {
        .text(expected) { $0.isEmpty ? .unexpected : .value(()) }
    }
}
