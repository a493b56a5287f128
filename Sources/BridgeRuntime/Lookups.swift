import EventModel
import KafkaClient
import Synchronization

/// Questions to the cluster whose answers have to be waited for, asked on a thread of their own so that no shard waits.
/// Each is asked until it is answered.
final class Lookups: Sendable {
    enum Question: Sendable {
        /// The offset that a start position means for a group that has no cursor there.
        case start(TopicPartition, StartPosition, group: String)
        /// From where to where the log goes.
        case bounds(TopicPartition)
        /// The same, and whether that log is another one than that of the mark.
        case identity(TopicPartition, LogMark)
        /// One record.
        case record(TopicPartition, offset: Int64)
    }

    struct Answer: Sendable {
        /// The start that was asked for, or the oldest offset that exists.
        var offset: Int64
        /// One more than the newest offset.
        var end: Int64
        /// The log was made anew since the mark was read.
        var isRenewed = false
        /// The record that was asked for, the receiver's to destroy; nil where Kafka does not have it any more.
        var record: UInt? = nil
    }

    private struct State {
        var waiting: [(question: Question, answer: @Sendable (Answer) -> Void)] = []
        var isStopped = false
        var isRunning = false
    }

    private let configuration: KafkaConfiguration
    private let state = Mutex(State())

    init(_ configuration: KafkaConfiguration) { self.configuration = configuration }

    /// The answer comes on another thread, some time. Not at all after `stop`.
    func ask(_ question: Question, _ answer: @escaping @Sendable (Answer) -> Void) {
        let mustStart = state.withLock { state in
            state.waiting.append((question, answer))
            defer { state.isRunning = true }
            return !state.isRunning && !state.isStopped
        }
        // A thread while there are questions: they come with rebalances and new subscriptions, then none for days.
        if mustStart { _ = WorkerThread(name: "lookups") { self.work() } }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    private func work() {
        var clients = LookupClients(configuration)
        while true {
            let next = state.withLock { state -> (Question, @Sendable (Answer) -> Void)? in
                guard !state.isStopped, !state.waiting.isEmpty else {
                    state.isRunning = false
                    return nil
                }
                return state.waiting.removeFirst()
            }
            guard let (question, answer) = next else { return }
            do {
                answer(try clients.answer(question))
            } catch {
                state.withLock { $0.waiting.append((question, answer)) }
                Clock.pause(milliseconds: 500)
            }
        }
    }
}

/// What questions are asked with, made when first needed.
private struct LookupClients {
    private let configuration: KafkaConfiguration
    private var knownAdmin: ClusterAdmin?
    private var knownGroups: GroupOffsets?
    private var knownFetcher: RecordFetcher?

    init(_ configuration: KafkaConfiguration) { self.configuration = configuration }

    mutating func answer(_ question: Lookups.Question) throws(KafkaError) -> Lookups.Answer {
        switch question {
        case .record(let partition, let offset):
            let record = try fetcher().record(of: partition, at: offset, timeoutMilliseconds: 5000)
            return Lookups.Answer(offset: offset, end: offset, record: record?.bits)
        case .identity(let partition, let mark):
            let (low, high) = try admin().watermarks(of: partition)
            let isRenewed = try mark.isGone(from: partition, start: low, end: high, fetcher())
            return Lookups.Answer(offset: low, end: high, isRenewed: isRenewed)
        case .bounds(let partition), .start(let partition, .earliest, _):
            let (low, high) = try admin().watermarks(of: partition)
            return Lookups.Answer(offset: low, end: high)
        case .start(let partition, .latest, let group):
            let start = try LatestStart(group: group, admin: admin(), offsets: groups(with: group)).offset(of: partition)
            return Lookups.Answer(offset: start, end: start)
        case .start(let partition, .time(let time), _):
            let high = try admin().watermarks(of: partition).high
            let offset = try admin().offsets(at: [(partition, time.milliseconds)])[partition] ?? LogicalOffset.end
            return Lookups.Answer(offset: offset >= 0 ? offset : high, end: high)
        }
    }

    private mutating func admin() throws(KafkaError) -> ClusterAdmin {
        if let knownAdmin { return knownAdmin }
        let client = try ClusterAdmin(configuration, timeoutMilliseconds: 5000)
        knownAdmin = client
        return client
    }

    /// - Parameter group: whoever asks first.
    private mutating func groups(with group: String) throws(KafkaError) -> GroupOffsets {
        if let knownGroups { return knownGroups }
        let client = try GroupOffsets(configuration, group: group, signal: nil, timeoutMilliseconds: 5000)
        knownGroups = client
        return client
    }

    private mutating func fetcher() throws(KafkaError) -> RecordFetcher {
        if let knownFetcher { return knownFetcher }
        let client = try RecordFetcher(configuration)
        knownFetcher = client
        return client
    }
}
