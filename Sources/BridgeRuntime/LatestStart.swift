import EventModel
import KafkaClient

/// Where subscriptions begin that start at the end.
///
/// "Latest" is about the moment at which a subscription comes into being, so the ends of all partitions of its topic are
/// committed together, once. A partition without a cursor beside others that have one was added to the topic later: all of
/// its records are new, also those that were written before anybody here had heard of it.
///
/// Two replicas may decide at the same time; then the moment is one of two, some milliseconds apart.
struct LatestStart {
    typealias Offsets = [TopicPartition: Int64]

    let topic: String
    let admin: ClusterAdmin
    let offsets: GroupOffsets

    /// Where the subscription of each group begins on each partition that is wanted of the topic, and perhaps on others.
    func offsets(of wanted: [String: Set<TopicPartition>]) -> [String: Result<Offsets, KafkaError>] {
        do throws(KafkaError) {
            var partitions = wanted.values.reduce(into: Set<TopicPartition>()) { $0.formUnion($1) }
            for known in try admin.metadata(topic: topic).topics where known.name == topic {
                for partition in known.partitions { partitions.insert(TopicPartition(topic: topic, partition: partition.number)) }
            }
            return try offsets(of: wanted, all: partitions.sorted())
        } catch {
            return wanted.mapValues { _ in .failure(error) }
        }
    }

    private func offsets(
        of wanted: [String: Set<TopicPartition>], all partitions: [TopicPartition]
    ) throws(KafkaError) -> [String: Result<Offsets, KafkaError>] {
        // Decided before, or meanwhile for another partition.
        var answers = completions(of: wanted.keys.sorted()) { offsets.fetch(group: $0, partitions, token: $1) }
        var fresh: [String] = []
        var added: [String: Set<TopicPartition>] = [:]
        for (group, answer) in answers {
            guard case .success(let stored) = answer else { continue }
            let others = wanted[group]!.subtracting(stored.keys)
            if stored.isEmpty { fresh.append(group) } else if !others.isEmpty { added[group] = others }
        }
        if !added.isEmpty {
            let partitions = added.values.reduce(into: Set<TopicPartition>()) { $0.formUnion($1) }
            let beginnings = try admin.offsets(at: partitions.sorted().map { (partition: $0, time: LogicalOffset.beginning) })
            for group in added.keys { answers[group] = answers[group]!.map { $0.merging(beginnings) { stored, _ in stored } } }
        }
        if !fresh.isEmpty {
            let ends = try admin.offsets(at: partitions.map { (partition: $0, time: LogicalOffset.end) })
            let entries = ends.map { (partition: $0.key, offset: $0.value, metadata: "") }
            let committed = completions(of: fresh.sorted()) { offsets.commit(group: $0, entries, token: $1) }
            for group in fresh { answers[group] = committed[group]!.map { _ in ends } }
        }
        return answers
    }

    /// Asks for each group, many at a time, and waits for all answers: the offsets that are stored, or what is wrong with all of them
    /// or with a part.
    private func completions(of groups: [String], _ request: (String, UInt) -> Void) -> [String: Result<Offsets, KafkaError>] {
        var answers: [String: Result<Offsets, KafkaError>] = [:]
        var window = RequestWindow()
        var asked = 0
        // They come: a request that is not answered in time completes with an error.
        while answers.count < groups.count {
            while asked < groups.count, window.hasRoom(at: Clock.moment().instant) {
                asked += 1
                window.sent(UInt(asked), at: Clock.moment().instant)
                request(groups[asked - 1], UInt(asked))
            }
            offsets.wait(milliseconds: 100) { completion in
                let failure = completion.error ?? completion.partitions.lazy.compactMap(\.error).first
                var stored: Offsets = [:]
                for entry in completion.partitions { if let offset = entry.offset { stored[entry.partition] = offset } }
                answers[groups[Int(completion.token) - 1]] = failure.map { .failure($0) } ?? .success(stored)
                window.ended(completion.token)
            }
        }
        return answers
    }
}
