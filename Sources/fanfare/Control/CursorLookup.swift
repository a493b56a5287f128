import Control
import EventLoop
import EventModel
import KafkaClient

/// The committed cursors of subscriptions, and where their topics end.
struct CursorLookup {
    private let desk: ControlDesk
    private let offsets: GroupOffsets
    private let loop: EventLoop
    /// Requests under way at once.
    private static let window = 32

    init(_ desk: ControlDesk) throws {
        self.desk = desk
        do {
            loop = try EventLoop()
            offsets = try GroupOffsets(desk.kafka, group: desk.configuration.group, signal: loop.signal.descriptor)
        } catch {
            throw Failed("\(error)")
        }
    }

    /// Puts them into the subscriptions' partitions. A topic that does not exist has none.
    func fill(_ subscriptions: inout [SubscriptionStatus]) throws {
        let ends = try ends(of: Set(subscriptions.compactMap(\.policy?.topic)))
        let policies = subscriptions.map(\.policy)
        var cursors: [[Int32: Int64]] = Array(repeating: [:], count: subscriptions.count)
        var progress = Progress("Reading cursors", total: subscriptions.count)
        var failure: (group: String, error: KafkaError)?
        var done = 0
        for index in subscriptions.indices {
            guard let policy = policies[index], let topic = ends[policy.topic], !topic.isEmpty else { continue }
            while offsets.outstanding >= Self.window { wait() }
            offsets.fetch(group: group(policy), topic.keys.sorted().map { TopicPartition(topic: policy.topic, partition: $0) }, token: UInt(index))
        }
        while offsets.outstanding > 0 { wait() }
        progress.clear()
        if let failure { throw Failed("the cursors of the group \(failure.group) cannot be read: \(failure.error.message)") }
        for index in subscriptions.indices {
            guard let policy = policies[index] else { continue }
            let goesTo = desk.state.outstandingOffsets(of: policy.name, on: policy.topic)
            subscriptions[index].partitions = (ends[policy.topic] ?? [:]).sorted { $0.key < $1.key }.map { partition, end in
                .init(number: partition, cursor: cursors[index][partition], end: end, goesTo: goesTo[partition])
            }
        }

        func wait() {
            offsets.wait(milliseconds: 1000) { completion in
                done += 1
                if let error = completion.error ?? completion.partitions.lazy.compactMap(\.error).first {
                    failure = (policies[Int(completion.token)].map(group) ?? "", error)
                }
                for entry in completion.partitions { cursors[Int(completion.token)][entry.partition.partition] = entry.offset }
            }
            progress.update(done)
        }
    }

    private func group(_ policy: Subscription) -> String { "\(desk.configuration.group).\(policy.name)" }

    private func ends(of topics: Set<String>) throws -> [String: [Int32: Int64]] {
        let partitions = desk.cluster.topics.filter { topics.contains($0.name) && $0.error == nil }
            .flatMap { topic in topic.partitions.map { TopicPartition(topic: topic.name, partition: $0.number) } }
        guard !partitions.isEmpty else { return [:] }
        do throws(KafkaError) {
            var ends: [String: [Int32: Int64]] = [:]
            for (partition, end) in try desk.admin.offsets(at: partitions.map { (partition: $0, time: LogicalOffset.end) }) {
                ends[partition.topic, default: [:]][partition.partition] = end
            }
            return ends
        } catch {
            throw Failed("the ends of the topics cannot be looked up: \(error.message)")
        }
    }
}
