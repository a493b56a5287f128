import ArgumentParser
import Control
import EventLoop
import EventModel
import KafkaClient

/// `--to`: where a subscription is to go on.
enum SeekTarget: ExpressibleByArgument, Equatable {
    case earliest
    case latest
    case time(WallTime)
    /// The same in every partition.
    case offset(Int64)
    /// The other partitions stay where they are.
    case offsets([Int32: Int64])

    init?(argument: String) {
        switch argument {
        case "earliest": self = .earliest
        case "latest": self = .latest
        default:
            if let ago = TimeSpan(argument.hasPrefix("-") ? String(argument.dropFirst()) : argument) {
                self = .time(WallTime(milliseconds: EventLoop.wallMilliseconds() - ago.millisecondsRoundedUp))
            } else if let time = WallTime(rfc3339: argument) {
                self = .time(time)
            } else if let offset = Int64(argument), offset >= 0 {
                self = .offset(offset)
            } else if let offsets = Self.offsets(argument) {
                self = .offsets(offsets)
            } else {
                return nil
            }
        }
    }

    /// `0=120,3=88`.
    private static func offsets(_ text: String) -> [Int32: Int64]? {
        var offsets: [Int32: Int64] = [:]
        for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let partition = Int32(parts[0]), let offset = Int64(parts[1]), partition >= 0, offset >= 0,
                offsets.updateValue(offset, forKey: partition) == nil
            else { return nil }
        }
        return offsets
    }

    /// For people.
    var words: String {
        switch self {
        case .earliest: "earliest"
        case .latest: "latest"
        case .time(let time): time.rfc3339
        case .offset(let offset): "\(offset)"
        case .offsets(let offsets): offsets.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        }
    }

    /// What it means for each partition, now.
    func resolve(_ partitions: [TopicPartition], _ admin: ClusterAdmin) throws -> [Int32: Int64] {
        func offsets(at time: Int64) throws -> [Int32: Int64] {
            do throws(KafkaError) {
                let found = try admin.offsets(at: partitions.map { (partition: $0, time: time) })
                return Dictionary(uniqueKeysWithValues: found.map { ($0.key.partition, $0.value) })
            } catch {
                throw Failed("the offsets cannot be looked up: \(error.message)")
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
    private static func checked(_ wanted: [Int32: Int64], _ starts: [Int32: Int64], _ ends: [Int32: Int64]) throws -> [Int32: Int64] {
        for (partition, offset) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let start = starts[partition], let end = ends[partition] else {
                throw Failed("there is no partition \(partition), only \(ends.keys.sorted().map(String.init).joined(separator: ", "))")
            }
            guard (start...max(start, end)).contains(offset) else {
                throw Failed(
                    "partition \(partition) goes from \(start) to \(end); \(offset) is outside. "
                        + "Give each partition its own offset: --to \(partition)=\(end)")
            }
        }
        return wanted
    }
}
