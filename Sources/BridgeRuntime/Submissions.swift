import Control
import EventModel
import Synchronization

/// Changes that somebody waits for, until every running replica obeys them.
struct Submissions {
    typealias Outcome = Result<ChangeReceipt, ChangeFailure>

    private struct Waiting {
        /// Records that Kafka does not have yet.
        var unwritten: Int
        /// A replica that obeys everything before it obeys the change.
        var position: Int64 = 0
        /// Those that had announced themselves when the change was made.
        var replicas: [String]
        var seek: Seek?
        var end: Instant
        var done: @Sendable (Outcome) -> Void
    }

    /// What is to be told, and who is taken for dead, once no lock is held.
    struct Settled {
        var outcomes: [@Sendable () -> Void] = []
        var silent: [String] = []
    }

    private var waiting: [Int: Waiting] = [:]
    private var next = 0
    /// Nobody would ever answer.
    private(set) var areOver = false

    mutating func add(
        records: Int, replicas: [String], seek: Seek?, until end: Instant, _ done: @escaping @Sendable (Outcome) -> Void
    ) -> Int {
        next += 1
        waiting[next] = Waiting(unwritten: records, replicas: replicas, seek: seek, end: end, done: done)
        return next
    }

    mutating func written(_ submission: Int, at offset: Int64) {
        guard waiting[submission] != nil else { return }
        waiting[submission]!.unwritten -= 1
        waiting[submission]!.position = max(waiting[submission]!.position, offset + 1)
    }

    /// - Parameters:
    ///   - taken: up to where this process obeys.
    ///   - control: with the announcements of all.
    mutating func settle(taken: Int64, _ control: ControlState, at now: Instant) -> Settled {
        var settled = Settled()
        for (number, entry) in waiting.sorted(by: { $0.key < $1.key }) {
            // One that leaves in good order takes its announcement back.
            let missing = entry.replicas.filter { name in control.replicas[name].map { $0.position < entry.position } ?? false }
            let isDone = entry.unwritten == 0 && taken >= entry.position && missing.isEmpty
            guard isDone || now >= entry.end else { continue }
            waiting[number] = nil
            if entry.unwritten > 0 {
                settled.outcomes.append { entry.done(.failure(.unavailable("Kafka has not acknowledged the change; it may hold all the same, so look and repeat it"))) }
                continue
            }
            let replicas = entry.replicas.count { control.replicas[$0] != nil } - missing.count
            settled.silent += missing
            settled.outcomes.append { entry.done(.success(ChangeReceipt(replicas: replicas, silent: missing, seek: entry.seek))) }
        }
        return settled
    }

    mutating func end() -> Settled {
        areOver = true
        defer { waiting = [:] }
        return Settled(outcomes: waiting.values.map { entry in
            { entry.done(.failure(.unavailable("the bridge stops; the change may hold all the same, so look and repeat it"))) }
        })
    }
}

extension ControlChannel {
    /// Writes the records, in their order, and waits until every running replica obeys them, but not beyond the end.
    func submit(_ records: [ControlRecord], seek: Seek?, until end: Instant) async -> Submissions.Outcome {
        await withCheckedContinuation { continuation in
            var isOver = false
            change { state in
                isOver = state.submissions.areOver || state.isStopping
                guard !isOver else { return }
                let number = state.submissions.add(
                    records: records.count, replicas: state.control.replicas.keys.sorted(), seek: seek, until: end
                ) { continuation.resume(returning: $0) }
                state.toWrite += records.map { ($0, number) }
            }
            if isOver { continuation.resume(returning: .failure(.unavailable("the bridge is stopping"))) }
        }
    }

    func settleSubmissions(at now: Instant) {
        let settled = state.withLock { state in
            // Nobody need wait for the silent ones again; one that is alive after all announces itself anew.
            let settled = state.submissions.settle(taken: state.taken.min() ?? 0, state.control, at: now)
            state.toWrite += settled.silent.map { (.forgotten(.replica($0)), nil) }
            return settled
        }
        for outcome in settled.outcomes { outcome() }
    }

    func endSubmissions() {
        for outcome in state.withLock({ $0.submissions.end() }).outcomes { outcome() }
    }
}
