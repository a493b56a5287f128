public import EventModel
public import KafkaClient

/// Finds the parts of topics that something is to be read from.
public struct RangeFinder {
    public enum Bound: Equatable, Sendable {
        case beginning
        case end
        /// Of each partition.
        case offset(Int64)
        /// Of the first record that is at least so young.
        case time(WallTime)
    }

    private let admin: ClusterAdmin
    /// Timestamps are those of the producers, and not quite in order. So a range that ends at a time goes on for so long,
    /// and whoever reads it looks at each record's own.
    private static let disorder = TimeSpan.hours(1)

    public init(_ admin: ClusterAdmin) { self.admin = admin }

    /// What there is of each partition, as it is now; partitions without records are left out.
    public func ranges(
        of partitions: [TopicPartition], from start: Bound, to end: Bound
    ) throws(KafkaError) -> [OffsetRange] {
        var logs: [OffsetRange] = []
        for partition in partitions {
            let (low, high) = try admin.watermarks(of: partition)
            if high > low { logs.append(OffsetRange(partition, from: low, to: high)) }
        }
        let starts = try offsets(start, logs)
        let ends = try offsets(end, logs)
        return logs.map { log in
            // Where no offset is known for a time, everything has to be looked at.
            let start = starts[log.partition] ?? log.start
            let end = ends[log.partition] ?? log.end
            return OffsetRange(log.partition, from: max(start, log.start), to: min(end, log.end))
        }.filter { $0.count > 0 }
    }

    private func offsets(_ bound: Bound, _ logs: [OffsetRange]) throws(KafkaError) -> [TopicPartition: Int64] {
        if case .time(let time) = bound { return try offsets(at: time, logs) }
        return Dictionary(
            uniqueKeysWithValues: logs.map { log in
                switch bound {
                case .beginning: (log.partition, log.start)
                case .offset(let offset): (log.partition, offset)
                case .end, .time: (log.partition, log.end)
                }
            })
    }

    private func offsets(at time: WallTime, _ logs: [OffsetRange]) throws(KafkaError) -> [TopicPartition: Int64] {
        guard !logs.isEmpty else { return [:] }
        // Some brokers know no offsets by time, and say what others say where no record is so young.
        let first = try admin.offsets(at: logs.map { (partition: $0.partition, time: 0) })
        let found = try admin.offsets(at: logs.map { (partition: $0.partition, time: time.milliseconds) })
        var offsets: [TopicPartition: Int64] = [:]
        for log in logs where (first[log.partition] ?? -1) >= 0 {
            let offset = found[log.partition] ?? LogicalOffset.end
            offsets[log.partition] = offset >= 0 ? offset : log.end
        }
        return offsets
    }

    /// The bounds to read between for records from `from` on and before `until`.
    public static func bounds(from: WallTime?, until: WallTime?) -> (start: Bound, end: Bound) {
        (from.map(Bound.time) ?? .beginning, until.map { .time($0 + disorder) } ?? .end)
    }
}
