import KafkaClient

/// Where a subscription begins that starts at the end.
///
/// "Latest" is about the moment at which a subscription comes into being, so the ends of all partitions of its topic are
/// committed together, once. A partition without a cursor beside others that have one was added to the topic later: all of
/// its records are new, also those that were written before anybody here had heard of it.
///
/// Two replicas may decide at the same time; then the moment is one of two, some milliseconds apart.
struct LatestStart {
    let group: String
    let admin: ClusterAdmin
    let offsets: GroupOffsets

    func offset(of partition: TopicPartition) throws(KafkaError) -> Int64 {
        var partitions: Set<TopicPartition> = [partition]
        for topic in try admin.metadata(topic: partition.topic).topics where topic.name == partition.topic {
            for known in topic.partitions { partitions.insert(TopicPartition(topic: topic.name, partition: known.number)) }
        }
        let all = partitions.sorted()
        var stored: [TopicPartition: Int64] = [:]
        for entry in try completion({ offsets.fetch(group: group, all, token: $0) }) {
            if let offset = entry.offset { stored[entry.partition] = offset }
        }
        // Decided meanwhile, for another partition.
        if let own = stored[partition] { return own }
        guard stored.isEmpty else { return try admin.watermarks(of: partition).low }
        let ends = try admin.offsets(at: all.map { (partition: $0, time: LogicalOffset.end) })
        guard let own = ends[partition] else { throw KafkaError(code: ._NO_OFFSET, message: "\(partition): no end") }
        let entries = ends.map { (partition: $0.key, offset: $0.value, metadata: "") }
        _ = try completion { offsets.commit(group: group, entries, token: $0) }
        return own
    }

    /// Waits for the answer to a request; throws what is wrong with all of it or with a part.
    private func completion(_ request: (UInt) -> Void) throws(KafkaError) -> [GroupOffsets.Entry] {
        request(1)
        var answer: GroupOffsets.Completion?
        // It comes: a request that is not answered in time completes with an error.
        while answer == nil { offsets.wait(milliseconds: 1000) { answer = $0 } }
        if let error = answer!.error { throw error }
        if let error = answer!.partitions.lazy.compactMap(\.error).first { throw error }
        return answer!.partitions
    }
}
