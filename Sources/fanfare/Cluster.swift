import ArgumentParser
import EventModel
import KafkaClient
import KafkaTokens

extension KafkaConfiguration {
    /// For commands, which join no group.
    init(_ configuration: BridgeConfiguration) throws {
        guard configuration.kafka.bootstrapServers != "embedded" else {
            throw Failed(
                "kafka.bootstrapServers is \"embedded\": that cluster lives inside `fanfare serve`, which logs its address; "
                    + "give it with --bootstrap-servers")
        }
        self.init(configuration.kafka)
        do {
            try validate()
        } catch {
            printError("error: kafka.properties: \(error.message)")
            throw ExitCode.wrongConfiguration
        }
        // Else each question would wait for brokers that nobody talks to.
        do throws(BearerTokenFailure) {
            _ = try tokens?.token(after: nil)
        } catch {
            throw Failed("no token for Kafka: \(error)")
        }
    }
}

extension ClusterAdmin {
    /// The first question that a command asks: its failure says that the cluster cannot be reached, and why.
    func reach(_ configuration: KafkaConfiguration, topic: String? = nil) throws -> Cluster {
        do throws(KafkaError) {
            return try metadata(topic: topic)
        } catch {
            throw Failed(
                "the Kafka cluster does not answer at \(configuration.bootstrapServers): \(reason(for: error)); "
                    + "kafka.bootstrapServers or --bootstrap-servers says where it is")
        }
    }
}
