import DeliveryCore
import Hummingbird

/// The partitions that this replica owns, by topic.
enum TopicOperations {
    static let all: [Operation] = [
        Operation(
            method: .get, path: "/api/v1/topics", id: "listTopics", summary: "Topics of which this replica owns partitions.", tag: .topics,
            inputs: Paging.inputs, answer: .json(list, "Topics, by name.")
        ) { call in
            let byTopic = Dictionary(grouping: call.source.snapshot().partitions, by: \.topic)
            let piece = Paging.piece(byTopic.map { TopicView(name: $0.key, partitions: $0.value) }, of: call, by: \.name)
            return Reply.json(list, TopicPiece(topics: piece.items, next: piece.next))
        },
        Operation(
            method: .get, path: "/api/v1/topics/{topic}", id: "getTopic", summary: "One topic of which this replica owns partitions.", tag: .topics,
            inputs: [.path("topic", .text(maximum: 249), "The topic's name.")], answer: .json(topic, "The topic.")
        ) { (call) throws(Problem) in
            let name = call.text("topic") ?? ""
            let partitions = call.source.snapshot().partitions.filter { $0.topic == name }
            guard !partitions.isEmpty else { throw Problem(.notFound, "This replica owns no partition of that topic; /api/v1/topics lists all.") }
            return Reply.json(topic, TopicView(name: name, partitions: partitions))
        },
        Operation(
            method: .get, path: "/api/v1/partitions", id: "listPartitions", summary: "Partitions that this replica owns, and how far behind subscriptions are.",
            text: "Also those of the retry topic.", tag: .topics,
            inputs: Paging.inputs + [.query("topic", .text(maximum: 249), "Only those of this topic.")],
            answer: .json(partitionList, "Partitions, by topic and number.")
        ) { call in
            let snapshot = call.source.snapshot()
            let topic = call.text("topic")
            let lags = Dictionary(grouping: snapshot.subscriptions.flatMap { subscription in
                subscription.lags.map { (partition: TopicPartitionName(topic: subscription.topic, partition: $0.partition), records: $0.records) }
            }, by: \.partition)
            let views = snapshot.partitions.filter { topic == nil || $0.topic == topic }.map { partition in
                let name = TopicPartitionName(topic: partition.topic, partition: partition.partition)
                return PartitionView(partition: partition, lag: lags[name]?.map(\.records).max())
            }
            let piece = Paging.piece(views, of: call, by: \.key)
            return Reply.json(partitionList, PartitionPiece(partitions: piece.items, next: piece.next))
        },
    ]

    private struct PartitionView: Sendable {
        var partition: PartitionSnapshot
        /// Of the subscription that is furthest behind.
        var lag: Int64?

        /// In the order of numbers.
        var key: String {
            let number = "\(partition.partition)"
            return "\(partition.topic)/\(String(repeating: "0", count: max(0, 10 - number.count)))\(number)"
        }
    }

    private struct PartitionPiece: Sendable {
        var partitions: [PartitionView]
        var next: String?
    }

    private static let partitionList = ObjectShape<PartitionPiece>("PartitionList", "A piece of the list of partitions.", [
        .list("partitions", ownedPartition, "By topic and number.") { $0.partitions }, Paging.next { $0.next },
    ])

    private static let ownedPartition = ObjectShape<PartitionView>("OwnedPartition", "A partition that this replica owns.", [
        .text("topic", "Its topic.") { $0.partition.topic },
    ] + partitionMembers { $0.partition } + [
        .optionalInteger("lag", "Records between its end and the cursor that is furthest behind; left out where no subscription has a cursor here.") { $0.lag },
        .count("waiting", "Of the retry topic: records that wait in memory for their due time.") { $0.partition.waiting },
    ])

    private struct TopicView: Sendable {
        var name: String
        var partitions: [PartitionSnapshot]
    }

    private struct TopicPiece: Sendable {
        var topics: [TopicView]
        var next: String?
    }

    private static let list = ObjectShape<TopicPiece>("TopicList", "A piece of the list of topics.", [
        .list("topics", topic, "By name.") { $0.topics }, Paging.next { $0.next },
    ])

    private static let topic = ObjectShape<TopicView>("Topic", "A topic of which this replica owns partitions.", [
        .text("name", "In Kafka.") { $0.name },
        .list("partitions", partition, "Those that this replica owns, by number.") { $0.partitions.sorted { $0.partition < $1.partition } },
    ])

    private static let partition = ObjectShape<PartitionSnapshot>("Partition", "A partition that this replica owns.", partitionMembers { $0 })

    private static func partitionMembers<Value>(_ partition: @escaping @Sendable (Value) -> PartitionSnapshot) -> [ObjectShape<Value>.Member] {
        [
            .count("partition", "Its number.") { Int(partition($0).partition) },
            .count("position", "The next offset that will be read.") { max(0, Int(partition($0).position)) },
            .optionalInteger("end", "End of the log, as last heard; left out while it is not known.") { partition($0).end < 0 ? nil : partition($0).end },
            .count("ringBytes", "Bytes of recent records that are held for subscriptions.") { partition($0).ringBytes },
            .flag("draining", "Whether it is being handed to another replica.") { partition($0).draining },
        ]
    }
}
