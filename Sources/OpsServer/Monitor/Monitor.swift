import Control
import DeliveryCore
package import EventModel
import Manifests
package import NIOCore
import Synchronization

/// Looks at the bridge once a second while somebody listens, else every ten seconds: keeps the last hour of every subscription,
/// notices changes of state, and tells listeners.
///
/// It reads the same copies as `/metrics` does, so no event waits for it. A message is made once for all listeners.
package final class Monitor: Sendable {
    /// How many may listen at once.
    package static let mostListeners = 32
    /// Messages that a listener may be behind before it is cut off.
    static let patience = 8
    static let rememberedChanges = 100

    /// A reader of the stream.
    fileprivate struct Listener {
        var messages: AsyncStream<ByteBuffer>.Continuation
        var close: @Sendable () -> Void
    }

    /// What is known of a subscription between two looks.
    fileprivate struct Known {
        var figures: SubscriptionFigures
        var delivered: Pace
        var failed: Pace
        var history: History
    }

    fileprivate struct State {
        var known: [String: Known] = [:]
        var topics: [TopicFigures] = []
        var incoming: [String: Pace] = [:]
        var ends: [TopicPartitionName: Int64] = [:]
        var notReady: [String] = []
        var refusedProblems = 0
        var changes: [StateChange] = []
        var lookedAt: WallTime? = nil
        var sampledAt: Instant? = nil
        var listeners: [Int: Listener] = [:]
        var nextListener = 0
    }

    private let source: any OpsSource
    private let state = Mutex(State())

    package init(_ source: any OpsSource) { self.source = source }

    /// Looks until its task is cancelled; then all streams end.
    func run() async {
        var turn = 0
        while !Task.isCancelled {
            if turn % 10 == 0 || state.withLock({ !$0.listeners.isEmpty }) { look(at: Moment(instant: monotonicTime(), wall: wallTime())) }
            turn += 1
            try? await Task.sleep(for: .seconds(1))
        }
        endStreams()
    }

    // MARK: Listening

    /// A stream of messages in the form of server-sent events, the first with everything; nil when too many listen.
    ///
    /// - Parameter close: cuts the connection of a listener that does not read.
    package func listen(close: @escaping @Sendable () -> Void) -> AsyncStream<ByteBuffer>? {
        if state.withLock({ $0.lookedAt == nil || $0.listeners.isEmpty }) { look(at: Moment(instant: monotonicTime(), wall: wallTime())) }
        let (stream, messages) = AsyncStream.makeStream(of: ByteBuffer.self, bufferingPolicy: .bufferingOldest(Self.patience))
        let id: Int? = state.withLock { state in
            guard state.listeners.count < Self.mostListeners else { return nil }
            state.nextListener += 1
            state.listeners[state.nextListener] = Listener(messages: messages, close: close)
            messages.yield(Self.event("snapshot", MonitorMessage(
                at: state.lookedAt ?? wallTime(), version: source.version, startedAt: source.startedAt, notReady: state.notReady,
                refusedProblems: state.refusedProblems, topics: state.topics, subscriptions: state.known.values.map(\.figures).sorted { $0.name < $1.name },
                removed: [], changes: state.changes)))
            return state.nextListener
        }
        guard let id else { return nil }
        // Also when the connection ends, or the stream is never read.
        messages.onTermination = { [weak self] _ in _ = self?.state.withLock { $0.listeners.removeValue(forKey: id) } }
        return stream
    }

    /// Whoever still may listen comes again.
    func endStreams() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.messages.finish() }
    }

    private static func event(_ name: String, _ message: MonitorMessage) -> ByteBuffer {
        ByteBuffer(string: "event: \(name)\ndata: \(MonitorMessage.shape.json(message).compact)\n\n")
    }

    private static func send(_ message: MonitorMessage, to listeners: [Listener]) {
        guard !listeners.isEmpty else { return }
        let event = Self.event("update", message)
        for listener in listeners {
            if case .dropped = listener.messages.yield(event) {
                listener.messages.finish()
                listener.close()
            }
        }
    }

    // MARK: Looking

    /// From the oldest on; nil where there is no such subscription.
    package func samples(of subscription: String) -> [History.Sample]? {
        state.withLock { $0.known[subscription]?.history.samples }
    }

    /// Takes in how things are, and tells the listeners what is different.
    package func look(at now: Moment) {
        let core = source.snapshot()
        let control = source.control()
        let definitions = source.definitions()
        let notReady: [String] =
            switch source.readiness() {
            case .ready: []
            case .notReady(let reasons): reasons
            }
        let refusedProblems = source.configuration().refused?.problems.count ?? 0
        let (message, listeners) = state.withLock { state in
            let isFirst = state.lookedAt == nil
            state.lookedAt = now.wall
            state.notReady = notReady
            state.refusedProblems = refusedProblems
            state.takeTopics(core.partitions, at: now.instant)
            let isSample = state.sampledAt.map { now.instant - $0 >= History.interval } ?? true
            if isSample { state.sampledAt = now.instant }
            // One view at a time of those that run: there may be ten thousand.
            let running = core.subscriptions.lazy.map { SubscriptionView($0, control, definitions[$0.name], at: now.wall) }
            let refused = Self.refused(definitions, core, control, at: now.wall)
            let capacity = History.capacity(subscriptions: running.count + refused.count)
            var different: [SubscriptionFigures] = []
            var changes: [StateChange] = []
            var gone = Set(state.known.keys)
            let isHeard = !state.listeners.isEmpty
            func take(_ view: SubscriptionView) {
                let name = view.snapshot.name
                gone.remove(name)
                let before = state.known[name]
                let after = Self.known(view, before, at: now, isSample: isSample, capacity: capacity)
                state.known[name] = after
                if isHeard, before?.figures != after.figures { different.append(after.figures) }
                if !isFirst, before?.figures.state != after.figures.state { changes.append(.init(view, from: before?.figures.state, at: now.wall)) }
            }
            for view in running { take(view) }
            for view in refused { take(view) }
            for name in gone.sorted() {
                let from = state.known.removeValue(forKey: name)?.figures.state
                changes.append(StateChange(at: now.wall, subscription: name, from: from, to: nil, by: nil, reason: ""))
            }
            state.changes = (state.changes + changes).suffix(Self.rememberedChanges)
            let message = MonitorMessage(
                at: now.wall, version: source.version, startedAt: source.startedAt, notReady: notReady, refusedProblems: refusedProblems, topics: state.topics,
                subscriptions: different, removed: gone.sorted(), changes: changes)
            // Whoever begins to listen after this has all of it in the snapshot.
            return (message, Array(state.listeners.values))
        }
        Self.send(message, to: listeners)
    }

    /// Those that are refused. One that has just come, and that no shard has figures of yet, would seem to deliver.
    private static func refused(
        _ definitions: [String: SubscriptionDefinition], _ core: CoreSnapshot, _ control: ControlState, at now: WallTime
    ) -> [SubscriptionView] {
        var refused = definitions.filter { !$0.value.isInForce }
        if refused.isEmpty { return [] }
        for snapshot in core.subscriptions { refused[snapshot.name] = nil }
        return refused.values.sorted { $0.name < $1.name }.map { SubscriptionView($0, control, at: now) }
    }

    private static func known(_ view: SubscriptionView, _ before: Known?, at now: Moment, isSample: Bool, capacity: Int) -> Known {
        let counters = view.snapshot.counters
        let failures = counters.attemptsToRetry + counters.attemptsRefused
        var known =
            before
            ?? Known(
                figures: SubscriptionFigures(view, since: now.wall), delivered: Pace(counters.deliveries, at: now.instant),
                failed: Pace(failures, at: now.instant), history: History(counters, at: now.instant))
        known.delivered.look(counters.deliveries, at: now.instant)
        known.failed.look(failures, at: now.instant)
        if isSample, before != nil { known.history.take(view.snapshot, at: now, capacity: capacity) }
        var figures = SubscriptionFigures(view, since: now.wall)
        if let before, before.figures.state == figures.state, !view.knowsSince { figures.since = before.figures.since }
        figures.delivered = known.delivered.perSecond
        figures.failed = known.failed.perSecond
        if isSample, let last = known.history.last {
            figures.median = last.median.isNaN ? nil : Double(last.median)
            figures.slowest = last.slowest.isNaN ? nil : Double(last.slowest)
        } else {
            figures.median = before?.figures.median
            figures.slowest = before?.figures.slowest
        }
        figures.nextProbe = view.snapshot.nextProbe.map { now.wall + ($0 - now.instant) }
        known.figures = figures
        return known
    }
}

extension Monitor.State {
    /// Records that come are told by the ends of logs, which grow whether they are read or not.
    fileprivate mutating func takeTopics(_ partitions: [PartitionSnapshot], at now: Instant) {
        var grown: [String: UInt64] = [:]
        var figures: [String: TopicFigures] = [:]
        var ends: [TopicPartitionName: Int64] = [:]
        for partition in partitions {
            let name = TopicPartitionName(topic: partition.topic, partition: partition.partition)
            let end = max(partition.end, partition.position)
            ends[name] = end
            // What was there when it was first looked at has not come just now.
            grown[partition.topic, default: 0] += UInt64(max(0, end - (self.ends[name] ?? end)))
            var topic = figures[partition.topic] ?? TopicFigures(name: partition.topic, partitions: 0, incoming: 0, unread: 0)
            topic.partitions += 1
            topic.unread += Int(max(0, end - partition.position))
            figures[partition.topic] = topic
        }
        self.ends = ends
        for (name, growth) in grown {
            var pace = incoming[name] ?? Pace(0, at: now)
            pace.look(adding: growth, at: now)
            incoming[name] = pace
            figures[name]?.incoming = pace.perSecond
        }
        incoming = incoming.filter { figures[$0.key] != nil }
        topics = figures.values.sorted { $0.name < $1.name }
    }
}

extension SubscriptionView {
    /// Whether somebody wrote down when it came into its state.
    fileprivate var knowsSince: Bool { state == .paused && pause?.isPaused == true || state == .suspended && suspension != nil }
}

extension SubscriptionFigures {
    fileprivate init(_ view: SubscriptionView, since now: WallTime) {
        let snapshot = view.snapshot
        let pause = view.state == .paused && view.pause?.isPaused == true ? view.pause : nil
        let suspension = view.state == .suspended ? view.suspension : nil
        let behind = snapshot.lags.lazy.filter { $0.records > $0.inWindows }
        self.init(
            name: snapshot.name, topic: snapshot.topic, owner: snapshot.owner, state: view.state,
            since: pause?.change.at ?? suspension?.change.at ?? now,
            reason: pause?.change.reason ?? (view.state == .paused || view.state == .disabled ? "" : view.reason), by: pause?.change.by,
            lag: Int(max(0, snapshot.lag)), oldest: behind.compactMap(\.oldest).min(), delivered: 0, failed: 0, inFlight: snapshot.inFlight,
            concurrency: snapshot.concurrency, waiting: snapshot.waiting, deadLetters: Int(clamping: snapshot.counters.deadLetterTotal))
        if let margin = snapshot.retention, margin.ratio(at: view.now) < 0.5 { deletion = margin.deletion }
    }
}

extension StateChange {
    fileprivate init(_ view: SubscriptionView, from: SubscriptionView.State?, at now: WallTime) {
        let word = view.state == .paused || from == .paused ? view.pause?.change : nil
        self.init(
            at: now, subscription: view.snapshot.name, from: from, to: view.state, by: word?.by, reason: word?.reason ?? view.reason)
    }
}
