import EventLoop
import EventModel
import KafkaClient
import ReceiptIndex
import Receipts
import Redelivery

/// Copies the receipts topic into an index: what this does not have, and then what comes.
final class ReceiptIndexer {
    /// There is no topic to copy.
    struct NoTopic: Error, CustomStringConvertible {
        let topic: String
        var description: String { "there is no topic \(topic): `fanfare apply` creates it" }
    }

    /// The topic begins anew, so what the index had is of another one; it is gone.
    struct Renewed: Error, CustomStringConvertible {
        let topic: String
        var description: String { "the topic \(topic) was deleted and made anew" }
    }

    let index: ReceiptIndex
    private let topic: String
    private let admin: ClusterAdmin
    private let follower: TopicFollower
    /// The end of each partition as this was made.
    private let ends: [TopicPartition: Int64]
    private var positions: [TopicPartition: Int64]
    /// The topic has been deleted and made anew since the index was written, which has therefore been begun anew.
    let isRenewed: Bool
    /// Offsets that it lacked as this was made.
    let total: Int
    private var nextLook = EventLoop.now() + ReceiptIndexer.rounds
    /// Of each partition in one transaction. Large ones are quick: what many receipts touch is written once.
    private static let batch = 4096
    /// Between two looks at what is too old, and for partitions that are new.
    private static let rounds: Int64 = 30_000_000_000

    /// Opens the index, or makes it; one that cannot be of this topic is made anew.
    ///
    /// - Parameter anew: whatever it is.
    init(_ kafka: KafkaConfiguration, topic: String, path: String, bounds: ReceiptIndex.Bounds, anew: Bool = false) throws {
        self.topic = topic
        admin = try ClusterAdmin(kafka)
        let partitions = try Self.partitions(of: topic, admin)
        guard !partitions.isEmpty else { throw NoTopic(topic: topic) }
        let origin = ReceiptIndex.Origin(cluster: admin.clusterID() ?? "", topic: topic)
        var logs: [TopicPartition: (low: Int64, high: Int64)] = [:]
        for partition in partitions { logs[partition] = try admin.watermarks(of: partition) }
        var index = try ReceiptIndex(path: path, of: origin, bounds: bounds)
        isRenewed = try !anew && Self.isOfAnother(index, logs, kafka)
        if anew || isRenewed {
            try index.discard()
            index = try ReceiptIndex(path: path, of: origin, bounds: bounds)
        }
        self.index = index
        let known = try index.positions()
        positions = logs.reduce(into: [:]) { $0[$1.key] = max($1.value.low, known[$1.key.partition] ?? 0) }
        ends = logs.mapValues(\.high)
        total = positions.reduce(0) { $0 + Int(logs[$1.key]!.high - $1.value) }
        follower = try TopicFollower(kafka, from: positions)
    }

    /// Whether the index was copied from a topic that is not there any more, although one of its name is: this has other receipts at
    /// the same offsets, or has not come so far.
    private static func isOfAnother(
        _ index: ReceiptIndex, _ logs: [TopicPartition: (low: Int64, high: Int64)], _ kafka: KafkaConfiguration
    ) throws -> Bool {
        let topic = logs.keys.first?.topic ?? ""
        var known: [TopicPartition: (offset: Int64, json: String)] = [:]
        for (number, position) in try index.positions() {
            let partition = TopicPartition(topic: topic, partition: number)
            guard let log = logs[partition], log.high >= position else { return true }
            // What retention has deleted says nothing.
            if let newest = try index.newest(of: number), newest.offset >= log.low { known[partition] = newest }
        }
        let reader = try RangeReader(kafka, known.map { OffsetRange($0.key, from: $0.value.offset, to: $0.value.offset + 1) })
        while let (record, partition) = try reader.next() {
            if let known = known[partition], record.offset == known.offset {
                guard let (_, json) = record.value.flatMap(Receipt.read), json.elementsEqual(known.json.utf8) else { return true }
            }
        }
        return false
    }

    private static func partitions(of topic: String, _ admin: ClusterAdmin) throws(KafkaError) -> [TopicPartition] {
        // Asking for one topic could create it.
        let found = try admin.metadata().topics.first { $0.name == topic }?.partitions ?? []
        return found.map { TopicPartition(topic: topic, partition: $0.number) }
    }

    /// Takes what there is now; waits for the first, for half a second at most.
    func read() throws {
        var records: [ReceiptIndex.Record] = []
        var isRenewed = false
        try follower.read(atMost: Self.batch) { partition, record in
            isRenewed = isRenewed || record.offset < positions[partition] ?? 0
            positions[partition] = record.offset + 1
            guard let (receipt, json) = record.value.flatMap(Receipt.read) else { return }
            records.append(.init(partition: partition.partition, offset: record.offset, receipt: receipt, json: String(decoding: json, as: UTF8.self)))
        }
        guard !isRenewed else {
            try index.discard()
            throw Renewed(topic: topic)
        }
        let now = WallTime(milliseconds: EventLoop.wallMilliseconds())
        if !records.isEmpty {
            try index.add(records, positions: positions.reduce(into: [:]) { $0[$1.key.partition] = $1.value }, now: now)
        }
        guard EventLoop.now() >= nextLook else { return }
        nextLook = EventLoop.now() + Self.rounds
        try index.trim(now: now)
        for partition in try Self.partitions(of: topic, admin) where positions[partition] == nil {
            positions[partition] = 0
            try follower.add(partition, at: LogicalOffset.beginning)
        }
    }

    /// Records that the topic has and the index has not; nil while that is not known.
    var behind: Int? { follower.behind }

    /// Of `total`, those that are done with.
    var done: Int {
        let reached = follower.readUpTo
        return total - ends.reduce(0) { $0 + Int(max(0, $1.value - (reached[$1.key] ?? 0))) }
    }

    /// Up to where it has come.
    var readUpTo: [TopicPartition: Int64] { follower.readUpTo }
}
