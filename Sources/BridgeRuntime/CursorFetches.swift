package import DeliveryCore
import EventModel
package import KafkaClient
import Synchronization

/// Reads what Kafka holds for cursors, for all shards of a process: a request for each subscription's group, many at a time.
///
/// Shards that are given partitions in the same rebalance ask for the same groups, each for partitions of its own. As long as a group's
/// request has not been sent, another question joins it; one that has been sent may be older than a commit that the asker knows of.
package final class CursorFetches: Sendable {
    package typealias Answer = Result<[TopicPartition: StoredCursor], KafkaError>

    package struct Question: Sendable {
        package var partitions: [TopicPartition]
        var answer: @Sendable (Answer) -> Void

        package init(partitions: [TopicPartition], answer: @escaping @Sendable (Answer) -> Void) {
            self.partitions = partitions
            self.answer = answer
        }
    }

    /// Questions that wait, by group, in the order in which the groups were first asked for.
    package struct Line: Sendable {
        private var groups: ArraySlice<String> = []
        private var questions: [String: [Question]] = [:]

        package init() {}

        package mutating func append(_ question: Question, of group: String) {
            if questions[group] == nil { groups.append(group) }
            questions[group, default: []].append(question)
        }

        package mutating func popFirst() -> (group: String, questions: [Question])? {
            groups.popFirst().map { ($0, questions.removeValue(forKey: $0)!) }
        }
    }

    private struct State {
        var line = Line()
        var client: LastingGroupOffsets?
        var isStopped = false
        var isRunning = false
    }

    private let configuration: KafkaConfiguration
    private let ownerGroup: String
    private let state = Mutex(State())

    /// - Parameter group: the one that owns partitions.
    init(_ configuration: KafkaConfiguration, group: String) {
        self.configuration = configuration
        ownerGroup = group
    }

    /// The answer comes on another thread, some time. Not at all after `stop`.
    func ask(_ group: String, _ partitions: [TopicPartition], _ answer: @escaping @Sendable (Answer) -> Void) {
        let mustStart = state.withLock { state in
            state.line.append(Question(partitions: partitions, answer: answer), of: group)
            defer { state.isRunning = true }
            return !state.isRunning && !state.isStopped
        }
        // A thread while there are questions, as for lookups; its client stays.
        if mustStart { _ = WorkerThread(name: "cursors") { self.work() } }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    /// Nil when there is none; then, if nothing is under way either, the thread has ended.
    private func next(isIdle: Bool) -> (group: String, questions: [Question])? {
        state.withLock { state in
            if !state.isStopped, let next = state.line.popFirst() { return next }
            if isIdle { state.isRunning = false }
            return nil
        }
    }

    private func work() {
        var client = state.withLock { $0.client }
        var underWay: [UInt: [Question]] = [:]
        var window = RequestWindow()
        var lastToken: UInt = 0
        while true {
            while window.hasRoom(at: Clock.moment().instant), let (group, questions) = next(isIdle: underWay.isEmpty) {
                do throws(KafkaError) {
                    let known = if let client { client } else { try LastingGroupOffsets(configuration, group: ownerGroup, timeoutMilliseconds: 15_000) }
                    if client == nil { state.withLock { $0.client = known } }
                    client = known
                    lastToken += 1
                    underWay[lastToken] = questions
                    window.sent(lastToken, at: Clock.moment().instant)
                    known.offsets.fetch(group: group, Set(questions.flatMap(\.partitions)).sorted(), token: lastToken)
                } catch {
                    for question in questions { question.answer(.failure(error)) }
                }
            }
            guard !underWay.isEmpty, let client else { return }
            // No longer: questions that come meanwhile have room to be asked.
            client.offsets.wait(milliseconds: 20) { completion in
                guard let questions = underWay.removeValue(forKey: completion.token) else { return }
                window.ended(completion.token)
                let answer = Self.answer(completion)
                for question in questions { question.answer(answer) }
            }
        }
    }

    private static func answer(_ completion: GroupOffsets.Completion) -> Answer {
        if let failure = completion.error ?? completion.partitions.lazy.compactMap(\.error).first { return .failure(failure) }
        var stored: [TopicPartition: StoredCursor] = [:]
        for entry in completion.partitions {
            if let offset = entry.offset { stored[entry.partition] = .committed(offset: offset, metadata: entry.metadata) }
        }
        return .success(stored)
    }
}
