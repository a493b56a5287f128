public import Control
import EventModel
public import KafkaClient

/// Why a target means nothing for a topic.
public enum SeekProblem: Error, CustomStringConvertible {
    /// The cluster does not say.
    case unanswered(String)
    /// There is no such place.
    case outside(String)

    public var description: String {
        switch self {
        case .unanswered(let reason): "the offsets cannot be looked up: \(reason)"
        case .outside(let reason): reason
        }
    }
}

extension SeekTarget {
    /// What it means for each partition, now.
    public func resolve(_ partitions: [TopicPartition], _ admin: ClusterAdmin) throws(SeekProblem) -> [Int32: Int64] {
        func offsets(at time: Int64) throws(SeekProblem) -> [Int32: Int64] {
            do throws(KafkaError) {
                let found = try admin.offsets(at: partitions.map { (partition: $0, time: time) })
                return Dictionary(uniqueKeysWithValues: found.map { ($0.key.partition, $0.value) })
            } catch {
                throw .unanswered(error.message)
            }
        }
        let ends = try offsets(at: LogicalOffset.end)
        switch self {
        case .earliest: return try offsets(at: LogicalOffset.beginning)
        case .latest: return ends
        case .time(let time):
            // None means that no record is so young.
            return try offsets(at: time.milliseconds).merging(ends) { found, end in found >= 0 ? found : end }
        case .offset(let offset):
            let all = Dictionary(uniqueKeysWithValues: partitions.map { ($0.partition, offset) })
            return try Self.checked(all, try offsets(at: LogicalOffset.beginning), ends)
        case .offsets(let wanted):
            return try Self.checked(wanted, try offsets(at: LogicalOffset.beginning), ends)
        }
    }

    /// An offset outside of the log would be taken for a sign that the topic was made anew.
    private static func checked(
        _ wanted: [Int32: Int64], _ starts: [Int32: Int64], _ ends: [Int32: Int64]
    ) throws(SeekProblem) -> [Int32: Int64] {
        for (partition, offset) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let start = starts[partition], let end = ends[partition] else {
                throw .outside("there is no partition \(partition), only \(ends.keys.sorted().map(String.init).joined(separator: ", "))")
            }
            guard (start...max(start, end)).contains(offset) else {
                throw .outside(
                    "partition \(partition) goes from \(start) to \(end); \(offset) is outside. "
                        + "Give each partition its own offset, as in \(partition)=\(end)")
            }
        }
        return wanted
    }
}

extension Seek {
    /// A seek of its own, for what a target means just now.
    public init(
        to target: SeekTarget, on topic: String, _ partitions: [TopicPartition], _ change: Attribution, _ admin: ClusterAdmin
    ) throws(SeekProblem) {
        self.init(
            id: String(UInt64.random(in: .min ... .max), radix: 16), topic: topic, to: target.words,
            offsets: try target.resolve(partitions, admin), change: change)
    }
}
