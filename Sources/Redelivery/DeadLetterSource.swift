public import EventFormats
public import EventModel
public import KafkaClient

/// The dead letters that somebody means, where they stand.
public struct DeadLetterSource {
    public let configuration: BridgeConfiguration
    public let kafka: KafkaConfiguration
    public let admin: ClusterAdmin
    public let cluster: ClusterAdmin.Cluster
    /// Dead-letter topics.
    public let topics: [ClusterAdmin.Topic]
    public let filter: DeadLetterFilter
    public let ids: DeadLetterIDs
    /// By name; nil where the manifests are not known.
    public let subscriptions: Set<String>?

    /// - Parameters:
    ///   - selection: nil means all.
    ///   - manifests: none where they are not known.
    public init(
        _ selection: DeadLetterSelection?, filter: DeadLetterFilter, _ configuration: BridgeConfiguration, _ manifests: [TopicManifest],
        _ kafka: KafkaConfiguration, _ admin: ClusterAdmin, _ cluster: ClusterAdmin.Cluster, schemas: (any SchemaSource)?
    ) throws(JobFailure) {
        self.configuration = configuration
        self.kafka = kafka
        self.admin = admin
        self.cluster = cluster
        var filter = filter
        let known = DeadLetterTopics(configuration, manifests)
        if let selection {
            (topics, filter.sourceTopic) = try known.find(selection.topic, in: cluster)
        } else {
            topics = cluster.topics.filter { known.named.contains($0.name) }
        }
        self.filter = filter
        ids = DeadLetterIDs(mappings: Dictionary(manifests.map { ($0.topic, $0.mapping) }) { first, _ in first }, schemas: schemas)
        subscriptions = manifests.isEmpty ? nil : Set(manifests.flatMap(\.subscriptions).map(\.name))
    }

    public var partitions: [TopicPartition] {
        topics.flatMap { topic in topic.partitions.map { TopicPartition(topic: topic.name, partition: $0.number) } }
    }

    /// What there is to read now.
    public func ranges() throws(KafkaError) -> [OffsetRange] {
        let bounds = RangeFinder.bounds(from: filter.since, until: filter.until)
        guard let places = filter.places else { return try RangeFinder(admin).ranges(of: partitions, from: bounds.start, to: bounds.end) }
        let offsets = Dictionary(grouping: places, by: \.topicPartition).mapValues { $0.map(\.offset) }
        return try RangeFinder(admin).ranges(of: partitions.filter { offsets[$0] != nil }, from: bounds.start, to: bounds.end).map { range in
            let wanted = offsets[range.partition]!
            return OffsetRange(range.partition, from: max(range.start, wanted.min()!), to: min(range.end, wanted.max()! + 1))
        }.filter { $0.count > 0 }
    }
}
