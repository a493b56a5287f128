import DeliveryCore

/// `GET /api/v1/topics`: the partitions that this replica owns, by topic.
struct TopicList: Encodable {
    var topics: [Topic]

    init(_ snapshot: CoreSnapshot) {
        let byTopic = Dictionary(grouping: snapshot.partitions, by: \.topic)
        topics = byTopic.keys.sorted().map { name in
            Topic(name: name, partitions: byTopic[name, default: []].sorted { $0.partition < $1.partition }.map(Partition.init))
        }
    }

    struct Topic: Encodable {
        var name: String
        var partitions: [Partition]
    }

    struct Partition: Encodable {
        var partition: Int32
        /// The next offset that will be read.
        var position: Int64
        /// End of the log, as last heard; left out while unknown.
        var end: Int64?
        var ringBytes: Int
        /// Whether it is being handed to another replica.
        var draining: Bool

        init(_ snapshot: PartitionSnapshot) {
            partition = snapshot.partition
            position = snapshot.position
            end = snapshot.end < 0 ? nil : snapshot.end
            ringBytes = snapshot.ringBytes
            draining = snapshot.draining
        }
    }
}
