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
        for (path, name) in [("retryTopic.name", configuration.retryTopicName), ("control.topic", configuration.controlTopicName)]
        where !Names.isTopic(name) {
            reader.error(
                place(path, reader), path, "is no Kafka topic name once {group} is put in; topic names have at most 249 characters")
        }
    }

    private static func place(_ path: String, _ reader: Reader) -> Position {
        reader.positions[path] ?? Position(file: "configuration", line: 0, column: 0)
    }
}
