import EventModel

/// A topic as configuration and manifests want it.
struct WantedTopic {
    enum Role: String { case source, repartition, retry, control, notifications, receipts, deadLetter = "dead-letter" }

    /// What a setting of a topic must be.
    enum Rule {
        /// Written in a manifest by somebody who knows the topic.
        case manifest(String)
        /// Fanfare's own topics cannot do without it.
        case exactly(String)
        /// Below `minimum` it is raised to `otherwise`; `unlimited` is above everything.
        case atLeast(Int64, otherwise: Int64, unlimited: Int64?)
        /// Of a new topic; what somebody sets later stays.
        case initially(String)
    }

    var name: String
    var role: Role
    /// Nil leaves it to the broker.
    var partitions: Int?
    var replicationFactor: Int?
    /// The key that says so, for messages.
    var replicationKey: String
    var settings: [(name: String, rule: Rule)]
}

extension WantedTopic {
    /// Apache Kafka's defaults, for topics that do not exist yet and say nothing themselves.
    private static let defaultRetention: Int64 = 604_800_000
    private static let defaultMaxMessage: Int64 = 1_048_588
    /// Room for the headers that a diverted record carries besides its own: numbers, and an error message several times.
    private static let headerRoom: Int64 = 16 << 10
    private static let day: Int64 = 86_400_000

    /// The names of all topics that are wanted: sources, repartition topics, retry topic, control topic, notifications, receipts, dead letters.
    static func names(_ configuration: BridgeConfiguration, _ manifests: [TopicManifest]) -> [String] {
        configuration.withRepartitions(manifests).map(\.topic) + [configuration.retryTopicName, configuration.controlTopicName]
            + notificationsTopic(configuration, manifests).map(\.name)
            + (configuration.receipts.enabled ? [configuration.receiptsTopicName] : [])
            + deadLetters(configuration, manifests).map(\.name)
    }

    /// - Parameter state: what exists decides where manifests say nothing.
    static func all(_ configuration: BridgeConfiguration, _ manifests: [TopicManifest], _ state: ClusterState) -> [WantedTopic] {
        let sources = manifests.map { manifest in
            WantedTopic(
                name: manifest.topic, role: .source, partitions: manifest.provisioning.partitions,
                replicationFactor: manifest.provisioning.replicationFactor, replicationKey: "kafka.replicationFactor in \(manifest.file)",
                settings: manifest.provisioning.config.map { (name: $0.name, rule: .manifest($0.value)) })
        }
        let repartitions = manifests.flatMap { manifest in
            manifest.subscriptions.filter(\.needsRepartitioning).map { repartitionTopic(of: $0, manifest, configuration, state) }
        }
        return sources + repartitions + [retryTopic(configuration, manifests, state), controlTopic(configuration)]
            + notificationsTopic(configuration, manifests) + (configuration.receipts.enabled ? [receiptsTopic(configuration)] : [])
            + deadLetters(configuration, manifests).map { deadLetterTopic($0.name, of: $0.sources, configuration, state) }
    }

    /// As many partitions as the source has. Kept for as long as a window may be open, and somebody may need to look after it.
    private static func repartitionTopic(
        of subscription: Subscription, _ source: TopicManifest, _ configuration: BridgeConfiguration, _ state: ClusterState
    ) -> WantedTopic {
        let window = subscription.window!
        let minimum = day + (window.longest + window.grace).millisecondsRoundedUp
        return WantedTopic(
            name: configuration.repartitionTopic(of: subscription.name), role: .repartition,
            partitions: state.topics[source.topic]?.partitions ?? source.provisioning.partitions,
            replicationFactor: configuration.retryTopic.replicationFactor, replicationKey: "retryTopic.replicationFactor",
            settings: ownSettings(minimum: minimum, otherwise: max(7 * day, 2 * minimum), of: [source], state))
    }

    /// Records wait there for their next attempt, which must find them.
    private static func retryTopic(
        _ configuration: BridgeConfiguration, _ manifests: [TopicManifest], _ state: ClusterState
    ) -> WantedTopic {
        let retry = configuration.retryTopic
        let longest = manifests.flatMap(\.subscriptions).map(\.retry.giveUpAfter).max() ?? RetryPolicy().giveUpAfter
        let minimum = (longest + (retry.lanes.max() ?? .zero)).millisecondsRoundedUp
        return WantedTopic(
            name: configuration.retryTopicName, role: .retry, partitions: retry.lanes.count * retry.partitionsPerLane,
            replicationFactor: retry.replicationFactor, replicationKey: "retryTopic.replicationFactor",
            settings: ownSettings(minimum: minimum, otherwise: max(7 * day, 2 * minimum), of: manifests, state))
    }

    /// One partition, so that all changes have one order; and the last record of each key for ever.
    private static func controlTopic(_ configuration: BridgeConfiguration) -> WantedTopic {
        WantedTopic(
            name: configuration.controlTopicName, role: .control, partitions: 1,
            replicationFactor: configuration.retryTopic.replicationFactor, replicationKey: "retryTopic.replicationFactor",
            settings: [(name: "cleanup.policy", rule: .exactly("compact"))])
    }

    /// Nothing depends on it, so how long it is kept is for those to say who read it.
    private static func receiptsTopic(_ configuration: BridgeConfiguration) -> WantedTopic {
        WantedTopic(
            name: configuration.receiptsTopicName, role: .receipts, partitions: receiptsPartitions,
            replicationFactor: configuration.retryTopic.replicationFactor, replicationKey: "retryTopic.replicationFactor",
            settings: [(name: "cleanup.policy", rule: .initially("delete")), (name: "retention.ms", rule: .initially(String(7 * day)))])
    }

    static let receiptsPartitions = 4

    /// None, if nothing is published, or if a manifest says what it is to be.
    private static func notificationsTopic(_ configuration: BridgeConfiguration, _ manifests: [TopicManifest]) -> [WantedTopic] {
        let name = configuration.notificationsTopicName
        guard configuration.notifications.enabled, !manifests.contains(where: { $0.topic == name }) else { return [] }
        return [
            WantedTopic(
                name: name, role: .notifications, partitions: 1,
                replicationFactor: configuration.retryTopic.replicationFactor, replicationKey: "retryTopic.replicationFactor",
                settings: [(name: "cleanup.policy", rule: .exactly("delete")), (name: "retention.ms", rule: .atLeast(day, otherwise: 7 * day, unlimited: -1))])
        ]
    }

    /// Kept longer than what they come from: somebody has to find the time to look at them.
    private static func deadLetterTopic(
        _ name: String, of sources: [TopicManifest], _ configuration: BridgeConfiguration, _ state: ClusterState
    ) -> WantedTopic {
        let partitions = sources.map { max($0.provisioning.partitions ?? 0, state.topics[$0.topic]?.partitions ?? 0) }.max() ?? 0
        let retentions = sources.map { number("retention.ms", $0, state) ?? defaultRetention }
        let longest = retentions.contains { $0 < 0 } ? -1 : retentions.max() ?? defaultRetention
        return WantedTopic(
            name: name, role: .deadLetter, partitions: partitions > 0 ? partitions : nil,
            replicationFactor: configuration.deadLetter.replicationFactor, replicationKey: "deadLetter.replicationFactor",
            settings: ownSettings(
                minimum: longest < 0 ? .max : longest, otherwise: longest < 0 ? -1 : max(30 * day, 2 * longest), of: sources, state))
    }

    /// - Parameters:
    ///   - minimum: of the retention, in milliseconds.
    ///   - sources: whose records must fit.
    private static func ownSettings(
        minimum: Int64, otherwise: Int64, of sources: [TopicManifest], _ state: ClusterState
    ) -> [(name: String, rule: Rule)] {
        let largest = sources.map { number("max.message.bytes", $0, state) ?? defaultMaxMessage }.max() ?? defaultMaxMessage
        return [
            (name: "cleanup.policy", rule: .exactly("delete")),
            (name: "retention.ms", rule: .atLeast(minimum, otherwise: otherwise, unlimited: -1)),
            (name: "retention.bytes", rule: .exactly("-1")),
            (name: "max.message.bytes", rule: .atLeast(largest + headerRoom, otherwise: largest + headerRoom, unlimited: nil)),
        ]
    }

    /// Bounded, so that sums and products of it fit.
    private static func number(_ setting: String, _ source: TopicManifest, _ state: ClusterState) -> Int64? {
        let written = source.provisioning.config.last { $0.name == setting }?.value
        return (written ?? state.topics[source.topic]?.settings[setting]).flatMap { Int64($0) }.map { min($0, .max / 4) }
    }

    /// Each dead-letter topic with the sources whose subscriptions name it; those with a manifest of their own are left to it.
    private static func deadLetters(
        _ configuration: BridgeConfiguration, _ manifests: [TopicManifest]
    ) -> [(name: String, sources: [TopicManifest])] {
        var topics: [(name: String, sources: [TopicManifest])] = []
        for manifest in manifests {
            for subscription in manifest.subscriptions where !subscription.deadLetter.drop {
                let name = configuration.deadLetterTopic(for: subscription)
                guard !manifests.contains(where: { $0.topic == name }) else { continue }
                let index = topics.firstIndex { $0.name == name } ?? topics.count
                if index == topics.count { topics.append((name, [])) }
                if topics[index].sources.last?.topic != manifest.topic { topics[index].sources.append(manifest) }
            }
        }
        return topics
    }
}
