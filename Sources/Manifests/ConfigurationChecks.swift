internal import EventModel

/// What several keys of the configuration must be together.
enum ConfigurationChecks {
    static func run(_ configuration: BridgeConfiguration, _ reader: inout Reader) {
        let limits = configuration.limits
        if limits.ring > limits.recordMemory {
            let path = reader.positions["limits.ring"] != nil ? "limits.ring" : "limits.recordMemory"
            reader.error(
                place(path, reader), path,
                "limits.ring (\(ByteSize.text(limits.ring))) must not be larger than limits.recordMemory (\(ByteSize.text(limits.recordMemory)))")
        }
        KafkaTokenChecks(kafka: configuration.kafka, place: place).run(&reader)
        if let registry = configuration.schemaRegistry { check(registry, &reader) }
        check(configuration.ops.tokens, &reader)
        if configuration.receipts.index.enabled, !configuration.receipts.enabled {
            reader.warn(
                place("receipts.index.enabled", reader), "receipts.index.enabled",
                "keeps an index of receipts that nobody writes; with receipts.enabled: true attempts are recorded")
        }
        let topics = [
            ("retryTopic.name", configuration.retryTopicName), ("control.topic", configuration.controlTopicName),
            ("notifications.topic", configuration.notificationsTopicName), ("receipts.topic", configuration.receiptsTopicName),
        ]
        for (path, name) in topics where !Names.isTopic(name) {
            reader.error(
                place(path, reader), path, "is no Kafka topic name once {group} is put in; topic names have at most 249 characters")
        }
    }

    private static func check(_ registry: BridgeConfiguration.SchemaRegistry, _ reader: inout Reader) {
        // In a file the section itself asks for it; variables and flags give keys one by one.
        let isKnown = reader.problems.contains { $0.path.hasPrefix("schemaRegistry") }
        if registry.url.isEmpty, !isKnown {
            reader.error(
                place("schemaRegistry.url", reader), "schemaRegistry", "the key url is missing; write url: https://registry.example.com",
                code: .missingKey)
        }
        if registry.basic != nil, registry.bearer != nil {
            reader.error(
                place("schemaRegistry.bearer", reader), "schemaRegistry.bearer", "must not be there together with schemaRegistry.basic: remove one of them")
        }
        let isClear = registry.url.lowercased().hasPrefix("http://")
        if isClear, registry.basic != nil || registry.bearer != nil {
            reader.warn(place("schemaRegistry.url", reader), "schemaRegistry.url", "sends the credentials in clear; use https", code: .sentInClear)
        }
    }

    static func check(_ tokens: BridgeConfiguration.Ops.Tokens, _ reader: inout Reader) {
        var seen: Set<String> = []
        let texts = (tokens.operators + tokens.viewers).map(\.secret.text)
        guard !texts.allSatisfy({ seen.insert($0).inserted }) else { return }
        reader.error(place("ops.tokens", reader), "ops.tokens", "one token stands there twice; who has it, and may do what, must be clear")
    }

    private static func place(_ path: String, _ reader: Reader) -> Position {
        reader.positions[path] ?? Position(file: "configuration", line: 0, column: 0)
    }
}
