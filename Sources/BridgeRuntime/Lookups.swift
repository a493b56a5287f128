import EventModel
import KafkaClient
import Synchronization

/// Questions to the cluster whose answers have to be waited for, asked on a thread of their own so that no shard waits.
/// Each is asked until it is answered. Those for start positions are asked together, as there may be one for each subscription.
final class Lookups: Sendable {
    enum Question: Sendable {
        /// From where to where the log goes.
        case bounds(TopicPartition)
        /// The same, and whether that log is another one than that of the mark.
        case identity(TopicPartition, LogMark)
        /// One record.
        case record(TopicPartition, offset: Int64)
    }

    struct Answer: Sendable {
        /// The oldest offset that exists; of one record, its own.
        var offset: Int64
        /// One more than the newest offset.
        var end: Int64
        /// The log was made anew since the mark was read.
        var isRenewed = false
        /// The record that was asked for, the receiver's to destroy; nil where Kafka does not have it any more.
        var record: UInt? = nil
    }

    private struct State {
        var starts: [(question: StartOffsets.Question, answer: @Sendable (Int64) -> Void)] = []
        var waiting: [(question: Question, answer: @Sendable (Answer) -> Void)] = []
        var groups: LastingGroupOffsets?
        var isStopped = false
        var isRunning = false

        /// Whether a thread has to be started for a question that has come.
        mutating func mustStart() -> Bool {
            defer { isRunning = true }
            return !isRunning && !isStopped
        }
    }

    /// So many that few requests are needed for all of ten thousand subscriptions, and so few that the first do not wait for the last.
    private static let startsTogether = 2000

    private let configuration: KafkaConfiguration
    private let ownerGroup: String
    private let state = Mutex(State())
    /// What Kafka holds for cursors, of which there are many more.
    let cursors: CursorFetches

    /// - Parameter group: the one that owns partitions.
    init(_ configuration: KafkaConfiguration, group: String) {
        self.configuration = configuration
        ownerGroup = group
        cursors = CursorFetches(configuration, group: group)
    }

    /// The answer comes on another thread, some time. Not at all after `stop`.
    func ask(_ question: Question, _ answer: @escaping @Sendable (Answer) -> Void) {
        let mustStart = state.withLock { state in
            state.waiting.append((question, answer))
            return state.mustStart()
        }
        if mustStart { start() }
    }

    /// Asks for the offset that a start position means for a group that has no cursor there.
    func ask(_ question: StartOffsets.Question, _ answer: @escaping @Sendable (Int64) -> Void) {
        let mustStart = state.withLock { state in
            state.starts.append((question, answer))
            return state.mustStart()
        }
        if mustStart { start() }
    }

    /// A thread while there are questions: they come with rebalances and new subscriptions, then none for days.
    private func start() { _ = WorkerThread(name: "lookups") { self.work() } }

    func stop() {
        cursors.stop()
        state.withLock { $0.isStopped = true }
    }

    private func work() {
        var clients = LookupClients(configuration, ownerGroup, state.withLock { $0.groups })
        while true {
            // One of the others, then starts.
            let next = state.withLock { state -> (State, isEnd: Bool) in
                let isEnd = state.isStopped || (state.waiting.isEmpty && state.starts.isEmpty)
                if isEnd { state.isRunning = false }
                var next = State()
                if !state.waiting.isEmpty { next.waiting = [state.waiting.removeFirst()] }
                next.starts = Array(state.starts.prefix(Self.startsTogether))
                state.starts.removeFirst(next.starts.count)
                return (next, isEnd)
            }
            if next.isEnd { return }
            var again = State()
            for (question, answer) in next.0.waiting {
                do throws(KafkaError) {
                    answer(try clients.answer(question))
                } catch {
                    again.waiting.append((question, answer))
                }
            }
            let starts = clients.answers(to: next.0.starts.map(\.question))
            state.withLock { [groups = clients.groups] in $0.groups = groups }
            for ((question, answer), found) in zip(next.0.starts, starts) {
                if case .success(let offset) = found { answer(offset) } else { again.starts.append((question, answer)) }
            }
            if again.waiting.isEmpty, again.starts.isEmpty { continue }
            state.withLock { [again] state in
                state.waiting += again.waiting
                state.starts += again.starts
            }
            Clock.pause(milliseconds: 500)
        }
    }
}

/// What questions are asked with, made when first needed.
private struct LookupClients {
    private let configuration: KafkaConfiguration
    private var knownAdmin: ClusterAdmin?
    private var knownFetcher: RecordFetcher?
    private let ownerGroup: String
    private(set) var groups: LastingGroupOffsets?

    init(_ configuration: KafkaConfiguration, _ ownerGroup: String, _ groups: LastingGroupOffsets?) {
        self.configuration = configuration
        self.ownerGroup = ownerGroup
        self.groups = groups
    }

    mutating func answer(_ question: Lookups.Question) throws(KafkaError) -> Lookups.Answer {
        switch question {
        case .record(let partition, let offset):
            let record = try fetcher().record(of: partition, at: offset, timeoutMilliseconds: 5000)
            return Lookups.Answer(offset: offset, end: offset, record: record?.bits)
        case .identity(let partition, let mark):
            let (low, high) = try admin().watermarks(of: partition)
            let isRenewed = try mark.isGone(from: partition, start: low, end: high, fetcher())
            return Lookups.Answer(offset: low, end: high, isRenewed: isRenewed)
        case .bounds(let partition):
            let (low, high) = try admin().watermarks(of: partition)
            return Lookups.Answer(offset: low, end: high)
        }
    }

    mutating func answers(to questions: [StartOffsets.Question]) -> [Result<Int64, KafkaError>] {
        if questions.isEmpty { return [] }
        do throws(KafkaError) {
            return try StartOffsets(admin: admin(), offsets: groupOffsets()).answers(to: questions)
        } catch {
            return questions.map { _ in .failure(error) }
        }
    }

    private mutating func admin() throws(KafkaError) -> ClusterAdmin {
        if let knownAdmin { return knownAdmin }
        let client = try ClusterAdmin(configuration, timeoutMilliseconds: 5000)
        knownAdmin = client
        return client
    }

    private mutating func groupOffsets() throws(KafkaError) -> GroupOffsets {
        if let groups { return groups.offsets }
        let client = try LastingGroupOffsets(configuration, group: ownerGroup, timeoutMilliseconds: 5000)
        groups = client
        return client.offsets
    }

    private mutating func fetcher() throws(KafkaError) -> RecordFetcher {
        if let knownFetcher { return knownFetcher }
        let client = try RecordFetcher(configuration)
        knownFetcher = client
        return client
    }
}
