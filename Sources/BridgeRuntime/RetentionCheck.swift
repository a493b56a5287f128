package import EventModel
import KafkaClient
import Logging

/// Says loudly where a topic's settings could make Kafka delete what is not settled yet.
package enum RetentionCheck {
    /// Waits for the cluster's answers. A cluster that does not show settings (the embedded one) is not judged.
    static func run(_ configuration: BridgeConfiguration, _ manifests: [TopicManifest], _ kafka: KafkaConfiguration, _ log: Logger) {
        guard let admin = try? ClusterAdmin(kafka, timeoutMilliseconds: 5000) else { return }
        checkControlTopic(configuration.controlTopicName, admin, log)
        // How long each topic has to keep a record.
        var needed: [String: TimeSpan] = [:]
        func need(_ topic: String, _ span: TimeSpan) { needed[topic] = max(needed[topic] ?? .zero, span) }
        for policy in manifests.flatMap(\.subscriptions) {
            need(policy.topic, policy.retry.giveUpAfter)
            need(configuration.retryTopicName, policy.retry.giveUpAfter)
            if !policy.deadLetter.drop { need(configuration.deadLetterTopic(for: policy), .zero) }
        }
        for (topic, span) in needed.sorted(by: { $0.key < $1.key }) {
            let entries: [ClusterAdmin.ConfigurationEntry]
            do throws(KafkaError) {
                entries = try admin.configuration(ofTopic: topic)
            } catch {
                if error.isRetriable { return }
                // A topic that does not exist, or that we may not look at, says nothing about the others.
                continue
            }
            for problem in problems(topic, needs: span, entries.settings, isSource: manifests.contains { $0.topic == topic }) {
                log.critical("\(problem)", metadata: ["topic": "\(topic)"])
            }
        }
    }

    /// Compaction keeps the last word about each subscription; anything else forgets it some day.
    private static func checkControlTopic(_ topic: String, _ admin: ClusterAdmin, _ log: Logger) {
        guard let entries = try? admin.configuration(ofTopic: topic),
            let policy = entries.settings["cleanup.policy"], policy != "compact"
        else { return }
        log.critical(
            "cleanup.policy=\(policy) lets Kafka delete pauses and suspensions: set it to compact, or run `fanfare apply`",
            metadata: ["topic": "\(topic)"])
    }

    /// - Parameters:
    ///   - span: how long events of the topic may have to be kept.
    ///   - settings: in force.
    package static func problems(
        _ topic: String, needs span: TimeSpan, _ settings: [String: String], isSource: Bool
    ) -> [String] {
        var problems: [String] = []
        let policy = settings["cleanup.policy"] ?? "delete"
        if policy.contains("compact"), !isSource {
            problems.append("cleanup.policy=\(policy) deletes records with equal keys: events would be lost; set it to delete, or run `fanfare apply`")
        }
        if let text = settings["retention.ms"], let retention = Int64(text), retention >= 0, policy.contains("delete"),
            retention < span.millisecondsRoundedUp
        {
            problems.append(
                "retention.ms=\(retention) is shorter than retry.giveUpAfter (\(span)): Kafka may delete events before they are "
                    + "settled; raise it\(isSource ? "" : ", or run `fanfare apply`")")
        }
        return problems
    }
}
