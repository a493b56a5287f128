/// What a subscription has to do with a repartition topic: a topic of our own that has the events of all partitions of another
/// one, each group's on one partition, so that windows over the whole topic can be computed (`window.scope: topic`).
public enum Repartitioning: Sendable, Equatable {
    /// It writes what it matches into that topic, by the groups of these windows, for that subscription. It has no endpoint.
    case writes(to: String, by: WindowPolicy, for: String)
    /// It reads one, which has the events of this topic.
    case reads(from: String)

    /// Most that the source may have: what is known of each has to fit into the metadata of a committed offset.
    public static let mostPartitions = 128
}

extension Subscription {
    /// The topic that its events came from in the first place.
    public var sourceTopic: String {
        if case .reads(let topic) = repartitioning { topic } else { topic }
    }

    /// The subscription in the manifest that it is a part of.
    public var manifestName: String {
        if case .writes(_, _, let name) = repartitioning { name } else { name }
    }

    /// Of the half of a subscription that writes the repartition topic. No name in a manifest has a `_`.
    public static func repartitionWriter(of name: String) -> String { "\(name)._repartition" }

    /// Its windows go over all partitions of its topic, by way of a repartition topic.
    public var needsRepartitioning: Bool { window?.scope == .topic && repartitioning == nil }
}

extension BridgeConfiguration {
    public func repartitionTopic(of subscription: String) -> String { "\(group).\(subscription).repartition" }

    /// The manifests as the bridge runs them: a subscription whose windows go over all partitions of its topic is two, one that
    /// writes a repartition topic and, under its own name, one that computes the windows of that.
    public func withRepartitions(_ manifests: [TopicManifest]) -> [TopicManifest] {
        var all: [TopicManifest] = []
        for manifest in manifests {
            var own = manifest
            var readers: [TopicManifest] = []
            for (index, subscription) in manifest.subscriptions.enumerated() where subscription.needsRepartitioning {
                let topic = repartitionTopic(of: subscription.name)
                own.subscriptions[index] = writer(of: subscription, to: topic)
                var reader = TopicManifest(topic: topic)
                reader.mapping = manifest.mapping
                reader.file = manifest.file
                reader.subscriptions = [self.reader(of: subscription, from: topic)]
                readers.append(reader)
            }
            all.append(own)
            all += readers
        }
        return all
    }

    private func writer(of subscription: Subscription, to topic: String) -> Subscription {
        var writer = Subscription(name: Subscription.repartitionWriter(of: subscription.name), topic: subscription.topic, endpoint: "")
        writer.repartitioning = .writes(to: topic, by: subscription.window!, for: subscription.name)
        writer.description = "writes \(topic) for \(subscription.name)"
        writer.owner = subscription.owner
        writer.enabled = subscription.enabled
        writer.start = subscription.start
        writer.filters = subscription.filters
        writer.deduplicate = subscription.deduplicate
        writer.signing = .none
        writer.deadLetter = subscription.deadLetter
        // What a partition has is written in its order, one request after the other, and again until Kafka has taken it.
        writer.delivery.ordering = .partition
        writer.delivery.priority = subscription.delivery.priority
        writer.retry.giveUpAfter = .days(36_500)
        var batch = BatchPolicy()
        batch.maxEvents = 256
        batch.maxWait = .zero
        writer.batch = batch
        return writer
    }

    private func reader(of subscription: Subscription, from topic: String) -> Subscription {
        var reader = subscription
        reader.deadLetter.topic = deadLetterTopic(for: subscription)
        reader.topic = topic
        reader.start = .earliest
        // Applied by the writer.
        reader.filters = []
        reader.deduplicate = nil
        reader.repartitioning = .reads(from: subscription.topic)
        return reader
    }
}
