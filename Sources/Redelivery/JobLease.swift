internal import Dispatch
internal import Glibc
public import KafkaClient
internal import Synchronization

/// The right of one process at a time to work on a job.
///
/// Kafka has no compare-and-set, so this is Fischer's algorithm: whoever finds nobody writes its own name, waits until
/// everybody who found nobody either must have written theirs, and holds the lease if its own still stands there. The holder
/// then says every half second that it is there. If it cannot, it stops by itself before others take it for dead. Only spans
/// of time are compared, never the clocks of two machines.
///
/// Why not a member of a consumer group: joining one takes a new group three seconds at every start of a job, and fences
/// nothing either. Why no transactions, which would fence: an interrupted one would hold up everybody's retries behind it
/// until it times out.
public final class JobLease {
    /// Another process works on the job, or has taken it over.
    public struct Taken: Error {
        public var holder: JobHolder?
    }

    /// How often the holder says that it is there.
    private static let renewal = Duration.milliseconds(500)
    /// The holder works no longer than this after the last time that it could say so.
    private static let validity = Duration.seconds(3)
    /// Who has said nothing for so long is dead, or has stopped.
    private static let expiry = Duration.seconds(5)
    /// After writing its name, a process waits so long before it looks whether it still stands there.
    private static let settling = Duration.milliseconds(500)
    /// Without a word from the cluster for so long, the job fails.
    private static let patience = Duration.seconds(30)

    private let keeper: Keeper
    private let queue = DispatchQueue(label: "job lease")
    private let timer: any DispatchSourceTimer

    /// Takes the lease, which needs half a second, and five more if the last holder did not give it back.
    ///
    /// - Parameters:
    ///   - group: The job's.
    ///   - place: A partition that exists and is none of the job's own: the lease stands there as the group's offset.
    ///   - waiting: Told whose life or death is being waited for, where that takes longer.
    public init(
        _ kafka: KafkaConfiguration, group: String, place: TopicPartition, as holder: JobHolder, waiting: (JobHolder) -> Void
    ) throws {
        keeper = try Keeper(kafka, group: group, place: place, holder)
        try keeper.take(waiting)
        timer = DispatchSource.makeTimerSource(queue: queue)
        let seconds = Self.renewal / .seconds(1)
        timer.schedule(deadline: .now() + seconds, repeating: seconds)
        timer.setEventHandler { [keeper] in keeper.renew() }
        timer.resume()
    }

    /// Returns while the lease is held; waits where that is not known, because the cluster does not answer.
    public func confirm() throws {
        let start = ContinuousClock.now
        while true {
            let state = keeper.state.withLock { $0 }
            if let taken = state.taken { throw taken }
            let now = ContinuousClock.now
            if now < state.heldUntil { return }
            guard now - start < Self.patience else { throw state.trouble ?? KafkaError(code: ._TIMED_OUT) }
            usleep(20_000)
        }
    }

    /// The next process need not wait. Nothing may be under way any more.
    public func release() {
        timer.cancel()
        queue.sync { keeper.release() }
    }

    /// Of which of these jobs a process works on one now: waits for signs of life, as long as a holder may work without one.
    ///
    /// - Parameter groups: The jobs'.
    public static func held(_ kafka: KafkaConfiguration, groups: Set<String>, place: TopicPartition) throws(KafkaError) -> Set<String> {
        guard let some = groups.first else { return [] }
        let offsets = try GroupOffsets(kafka, group: some, signal: nil, timeoutMilliseconds: 1000)
        var waiting: [(group: String, last: LeaseEntry)] = []
        for group in groups {
            if let entry = try entry(offsets, group, place, attempts: 3), entry.holder != nil { waiting.append((group, entry)) }
        }
        var held: Set<String> = []
        let start = ContinuousClock.now
        while !waiting.isEmpty, ContinuousClock.now - start < validity + renewal {
            usleep(250_000)
            var silent: [(group: String, last: LeaseEntry)] = []
            for (group, last) in waiting {
                let found = try entry(offsets, group, place, attempts: 3)
                if found == last { silent.append((group, last)) } else if found?.holder != nil { held.insert(group) }
            }
            waiting = silent
        }
        return held
    }

    private static func entry(_ offsets: GroupOffsets, _ group: String, _ place: TopicPartition, attempts: Int) throws(KafkaError) -> LeaseEntry? {
        let entries = try offsets.answer(attempts: attempts) { offsets.fetch(group: group, [place], token: 0) }
        return entries.first.flatMap { entry in entry.offset.map { LeaseEntry(offset: $0, metadata: entry.metadata) } }
    }

    /// Reads and writes the entry: on the thread that takes the lease, then on the queue.
    private final class Keeper: @unchecked Sendable {
        struct State {
            var heldUntil: ContinuousClock.Instant = .now
            var taken: Taken?
            /// Why it could not be renewed.
            var trouble: KafkaError?
        }

        let state = Mutex(State())
        private let offsets: GroupOffsets
        private let group: String
        private let place: TopicPartition
        private let holder: JobHolder
        private var beat: Int64 = 0

        init(_ kafka: KafkaConfiguration, group: String, place: TopicPartition, _ holder: JobHolder) throws(KafkaError) {
            offsets = try GroupOffsets(kafka, group: group, signal: nil, timeoutMilliseconds: 1000)
            self.group = group
            self.place = place
            self.holder = holder
        }

        func take(_ waiting: (JobHolder) -> Void) throws {
            // Connects; how long that takes says nothing about the answers that follow.
            _ = try read(attempts: 30)
            var asked = ContinuousClock.now
            var found = try read(attempts: 30)
            if let other = found?.holder {
                let last = found
                let start = ContinuousClock.now
                var isTold = false
                while found?.holder != nil, ContinuousClock.now - start < JobLease.expiry {
                    // One that lives has mostly been heard of by then.
                    if !isTold, ContinuousClock.now - start > JobLease.renewal * 2 {
                        waiting(other)
                        isTold = true
                    }
                    usleep(250_000)
                    asked = .now
                    found = try read(attempts: 30)
                    if let holder = found?.holder, found != last { throw Taken(holder: holder) }
                }
            }
            beat = (found?.beat ?? 0) + 1
            try write(holder, attempts: 30)
            // Others may have seen the last holder go, too, and not have written yet. If this took long itself, it may have
            // overwritten one who holds the lease by now: that one notices, or stops by itself.
            let isPrompt = ContinuousClock.now - asked < JobLease.settling / 2
            usleep(UInt32((isPrompt ? JobLease.settling : JobLease.expiry) / .microseconds(1)))
            asked = .now
            try check(try read(attempts: 30))
            state.withLock { $0.heldUntil = asked + JobLease.validity }
        }

        func renew() {
            guard state.withLock({ $0.taken == nil }) else { return }
            let asked = ContinuousClock.now
            do {
                try check(try read(attempts: 1))
                beat += 1
                try write(holder, attempts: 1)
                state.withLock { $0.heldUntil = asked + JobLease.validity }
            } catch let taken as Taken {
                state.withLock { $0.taken = taken }
            } catch {
                state.withLock { $0.trouble = error as? KafkaError }
            }
        }

        /// Where that fails, the next one waits a little.
        func release() {
            guard state.withLock({ $0.taken == nil }), (try? check(read(attempts: 1))) != nil else { return }
            try? write(nil, attempts: 1)
        }

        private func check(_ entry: LeaseEntry?) throws {
            guard let entry, entry.holder == holder else { throw Taken(holder: entry?.holder) }
        }

        private func read(attempts: Int) throws(KafkaError) -> LeaseEntry? {
            try JobLease.entry(offsets, group, place, attempts: attempts)
        }

        private func write(_ holder: JobHolder?, attempts: Int) throws(KafkaError) {
            let entry = LeaseEntry(holder: holder, beat: beat)
            _ = try offsets.answer(attempts: attempts) { offsets.commit(group: group, [(place, entry.beat, entry.metadata)], token: 0) }
        }
    }
}
