import EventModel
import KafkaClient

/// Where subscriptions begin that have no cursor: the offsets that their start positions mean, for many at once. Ten thousand new
/// subscriptions ask ten thousand times for the same few partitions.
struct StartOffsets {
    struct Question: Sendable {
        var partition: TopicPartition
        var start: StartPosition
        var group: String
    }

    let admin: ClusterAdmin
    let offsets: GroupOffsets

    /// What is asked of the cluster once for all who want it.
    private struct Asked: Hashable {
        var partition: TopicPartition
        /// In milliseconds since 1970, or a `LogicalOffset`.
        var time: Int64
    }

    /// An answer for each question, in their order. What is wrong with one partition or group is not wrong with the others.
    func answers(to questions: [Question]) -> [Result<Int64, KafkaError>] {
        // By topic, then by group.
        var latest: [String: [String: Set<TopicPartition>]] = [:]
        var asked: [Asked?] = []
        for question in questions {
            switch question.start {
            case .latest:
                latest[question.partition.topic, default: [:]][question.group, default: []].insert(question.partition)
                asked.append(nil)
            case .earliest: asked.append(Asked(partition: question.partition, time: LogicalOffset.beginning))
            case .time(let time): asked.append(Asked(partition: question.partition, time: time.milliseconds))
            }
        }
        let known = offsets(of: Set(asked.lazy.compactMap { $0 }))
        var starts: [String: [String: Result<LatestStart.Offsets, KafkaError>]] = [:]
        for (topic, groups) in latest { starts[topic] = LatestStart(topic: topic, admin: admin, offsets: offsets).offsets(of: groups) }
        return zip(questions, asked).map { question, asked in
            if let asked { return known[asked]! }
            return starts[question.partition.topic]![question.group]!.flatMap { Self.offset(of: question.partition, in: $0) }
        }
    }

    private func offsets(of asked: Set<Asked>) -> [Asked: Result<Int64, KafkaError>] {
        var answers: [Asked: Result<Int64, KafkaError>] = [:]
        for (_, together) in Dictionary(grouping: asked, by: { $0.partition.topic + "@\($0.time)" }) {
            let time = together[0].time
            let partitions = together.map(\.partition)
            if let found = try? offsets(at: time, partitions) {
                for partition in partitions { answers[Asked(partition: partition, time: time)] = Self.offset(of: partition, in: found) }
                continue
            }
            // One that has no leader just now says nothing about the others.
            for partition in partitions {
                let found = Result { () throws(KafkaError) in try offsets(at: time, [partition]) }
                answers[Asked(partition: partition, time: time)] = found.flatMap { Self.offset(of: partition, in: $0) }
            }
        }
        return answers
    }

    /// Of the first records at or after a time; the end of the log where there is none.
    private func offsets(at time: Int64, _ partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        // Before the records are looked for: one that is written in between is not passed over.
        let ends = time < 0 ? [:] : try admin.offsets(at: partitions.map { (partition: $0, time: LogicalOffset.end) })
        let found = try admin.offsets(at: partitions.map { (partition: $0, time: time) })
        return found.merging(ends) { found, end in found < 0 ? end : found }
    }

    private static func offset(of partition: TopicPartition, in found: [TopicPartition: Int64]) -> Result<Int64, KafkaError> {
        found[partition].map { .success($0) } ?? .failure(KafkaError(code: ._NO_OFFSET, message: "\(partition): no offset"))
    }
}
