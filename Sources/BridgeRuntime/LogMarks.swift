package import EventModel
package import KafkaClient

/// A record that was read from a log: the log is known again by it.
struct LogMark: Sendable {
    let offset: Int64
    /// Milliseconds, as Kafka has it.
    let timestamp: Int64
}

/// Marks in the logs of partitions that were lost. A topic that is deleted takes its partitions from everybody who reads
/// them; when it is there again under its name, cursors tell nothing: the new log may have passed them already.
struct LogMarks {
    private var lost: [TopicPartition: LogMark] = [:]
    private var underCheck: [TopicPartition: LogMark] = [:]

    mutating func keep(_ mark: LogMark?, of partition: TopicPartition) {
        if let mark = underCheck.removeValue(forKey: partition) ?? mark { lost[partition] = mark }
    }

    /// What to look for before the partition's cursors are believed; nil where nothing is known of its log.
    mutating func beginCheck(of partition: TopicPartition) -> LogMark? {
        underCheck[partition] = lost.removeValue(forKey: partition)
        return underCheck[partition]
    }

    /// False when the partition is not ours any more, or was asked for twice.
    mutating func endCheck(of partition: TopicPartition) -> Bool { underCheck.removeValue(forKey: partition) != nil }
}

/// Logs that were made anew. What Kafka holds there for a group is of the log that is gone, until the group has committed in the new one.
package struct RenewedLogs {
    private struct Log {
        /// Where it begins.
        var start: Int64
        /// What was committed before is of the old log, whenever it is acknowledged.
        var found: Instant
        /// By name: those that have committed nothing in it.
        var groups: Set<String>
    }

    private var logs: [TopicPartition: Log] = [:]

    package init() {}

    package var isEmpty: Bool { logs.isEmpty }

    /// - Parameter groups: that may have cursors of the old log.
    package mutating func add(_ partition: TopicPartition, start: Int64, of groups: Set<String>, at now: Instant) {
        logs[partition] = Log(start: start, found: now, groups: groups)
    }

    package mutating func forget(_ partition: TopicPartition) { logs[partition] = nil }

    /// Where a group's cursor begins, whatever is stored; nil where that counts.
    package func start(of partition: TopicPartition, for group: String) -> Int64? {
        guard let log = logs[partition], log.groups.contains(group) else { return nil }
        return log.start
    }

    /// - Parameter sent: when the commit was.
    package mutating func committed(_ partition: TopicPartition, by group: String, sent: Instant) {
        guard let found = logs[partition]?.found, sent > found else { return }
        logs[partition]!.groups.remove(group)
        if logs[partition]!.groups.isEmpty { logs[partition] = nil }
    }
}

extension LogMark {
    /// Whether the log that bears the name now is another one than that of the mark.
    ///
    /// Another record in the mark's place does not suffice: a log that lost its end in an unclean election gets others
    /// there, and is not to be read from its beginning. A new log is younger than the mark as a whole.
    func isGone(from partition: TopicPartition, start: Int64, end: Int64, _ fetcher: RecordFetcher) throws(KafkaError) -> Bool {
        guard start == 0 else { return false }
        guard end > 0 else { return true }
        func timestamp(at offset: Int64) throws(KafkaError) -> Int64? {
            let record = try fetcher.record(of: partition, at: offset, timeoutMilliseconds: 5000)
            defer { record?.destroy() }
            return record?.timestamp
        }
        guard let first = try timestamp(at: 0), first >= self.timestamp else { return false }
        guard end > offset else { return true }
        return try timestamp(at: offset) != self.timestamp
    }
}
