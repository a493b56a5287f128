import EventModel
import KafkaClient

/// How many partitions the topics have, which limits over all replicas are shared out by.
struct PartitionCounts {
    let retryTopic: String
    private var known: [String: Int] = [:]

    init(retryTopic: String) { self.retryTopic = retryTopic }

    /// What has changed since the last time. A topic that cannot be looked at stays as it was.
    mutating func changes(_ manifests: [TopicManifest], _ admin: ClusterAdmin) -> [String: Int] {
        var changes: [String: Int] = [:]
        let limited = manifests.filter { $0.subscriptions.contains { $0.rateLimit != nil } }.map(\.topic)
        for topic in limited.isEmpty ? [] : limited + [retryTopic] {
            guard let found = try? admin.metadata(topic: topic).topics.first(where: { $0.name == topic }), found.error == nil else { continue }
            let count = found.partitions.count
            if known.updateValue(count, forKey: topic) != count { changes[topic] = count }
        }
        return changes
    }
}
