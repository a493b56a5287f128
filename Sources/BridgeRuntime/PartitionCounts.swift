import EventModel
import KafkaClient

/// How many partitions the topics have, which limits over all replicas are shared out by, and groups of events in repartition
/// topics.
struct PartitionCounts {
    let retryTopic: String
    private var known: [String: Int] = [:]

    init(retryTopic: String) { self.retryTopic = retryTopic }

    /// What has changed since the last time. A topic that cannot be looked at stays as it was.
    mutating func changes(_ manifests: [TopicManifest], _ admin: ClusterAdmin) -> [String: Int] {
        var changes: [String: Int] = [:]
        let limited = manifests.filter { $0.subscriptions.contains { $0.rateLimit != nil || $0.handshake } }.map(\.topic)
        let repartitions = manifests.flatMap(\.subscriptions).flatMap { policy -> [String] in
            if case .writes(let target, _, _) = policy.repartitioning { [policy.topic, target] } else { [] }
        }
        for topic in Set(limited.isEmpty ? repartitions : limited + repartitions + [retryTopic]).sorted() {
            guard let found = try? admin.metadata(topic: topic).topics.first(where: { $0.name == topic }), found.error == nil else { continue }
            let count = found.partitions.count
            if known.updateValue(count, forKey: topic) != count { changes[topic] = count }
        }
        return changes
    }
}
