public import KafkaClient

/// Reads and writes a job's state. Waits for the answers: for commands.
public final class JobStore {
    private let offsets: GroupOffsets
    private let group: String
    /// Of one request; it is repeated as often.
    private static let timeout = 5000
    private static let attempts = 6

    /// - Parameter group: of the job's own; nobody is a member of it.
    public init(_ kafka: KafkaConfiguration, group: String) throws(KafkaError) {
        offsets = try GroupOffsets(kafka, group: group, signal: nil, timeoutMilliseconds: Self.timeout)
        self.group = group
    }

    /// Nil where there is no such job.
    public func load(_ partitions: [TopicPartition]) throws(KafkaError) -> JobState? {
        let entries = try offsets.answer(attempts: Self.attempts) { offsets.fetch(group: group, partitions, token: 0) }
        let commits = entries.compactMap { entry in entry.offset.map { (partition: entry.partition, offset: $0, metadata: entry.metadata) } }
        return JobState(commits)
    }

    public func save(_ state: JobState) throws(KafkaError) {
        _ = try offsets.answer(attempts: Self.attempts) { offsets.commit(group: group, state.commits, token: 0) }
    }
}
