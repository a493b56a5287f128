import KafkaClient

/// The topics that exist, as far as a plan needs to know.
struct ClusterState {
    struct Topic {
        var partitions: Int
        var replicationFactor: Int
        /// In force, defaults included; only what the broker shows.
        var settings: [String: String]
    }

    /// The cluster has no answer to admin requests.
    struct NoAdminAPI: Error {}

    var brokers: Int
    var topics: [String: Topic] = [:]

    /// Looks at these topics.
    init(of names: [String], _ cluster: ClusterAdmin.Cluster, _ admin: ClusterAdmin) throws {
        brokers = cluster.brokers.count
        let found = cluster.topics.filter { names.contains($0.name) && $0.error == nil }
        // Asked even when nothing exists yet: a cluster that does not answer this will not create topics either.
        if found.isEmpty, let name = names.first {
            do { _ = try Self.settings(of: name, admin) } catch is KafkaError {}
        }
        for topic in found {
            topics[topic.name] = Topic(
                partitions: topic.partitions.count, replicationFactor: topic.replicationFactor,
                settings: try Self.settings(of: topic.name, admin))
        }
    }

    private static func settings(of topic: String, _ admin: ClusterAdmin) throws -> [String: String] {
        do throws(KafkaError) {
            return try admin.configuration(ofTopic: topic).settings
        } catch {
            if NoAdminAPI.isMeant(by: error) { throw NoAdminAPI() }
            throw error
        }
    }
}

extension ClusterState.NoAdminAPI {
    /// The cluster has just answered another request: who is silent now does not know this one.
    static func isMeant(by error: KafkaError) -> Bool {
        error.code == ._TIMED_OUT || error.code == .REQUEST_TIMED_OUT || error.code.description == "_UNSUPPORTED_FEATURE"
    }
}
