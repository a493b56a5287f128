public import EventModel
public import KafkaClient

extension KafkaConfiguration {
    /// With tokens where the configuration says where they come from. `group.instance.id` stays out: every member needs its own.
    public init(_ kafka: BridgeConfiguration.Kafka) {
        let properties = kafka.properties.filter { $0.name != "group.instance.id" }
        self.init(bootstrapServers: kafka.bootstrapServers, properties: properties.map { ($0.name, $0.value) }, tokens: kafka.oauth.map(SharedTokens.init))
    }
}
