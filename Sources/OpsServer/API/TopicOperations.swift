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
    ]

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

    private static let partition = ObjectShape<PartitionSnapshot>("Partition", "A partition that this replica owns.", [
        .count("partition", "Its number.") { Int($0.partition) },
        .count("position", "The next offset that will be read.") { max(0, Int($0.position)) },
        .optionalInteger("end", "End of the log, as last heard; left out while it is not known.") { $0.end < 0 ? nil : $0.end },
        .count("ringBytes", "Bytes of recent records that are held for subscriptions.") { $0.ringBytes },
        .flag("draining", "Whether it is being handed to another replica.") { $0.draining },
    ])
}
