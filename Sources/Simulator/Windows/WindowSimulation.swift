import DeliveryCore
public import EventModel

/// What a run came to.
public struct WindowSimulationResult: Sendable {
    /// Empty: the contract was kept.
    public var violations: [Violation]
    /// Equal for equal runs.
    public var digest: UInt64
    /// Simulated, until everything was settled.
    public var duration: TimeSpan
    public var steps: Int
    public var attempts: Int
    public var crashes: Int
    /// Windows, and single events, that endpoints accepted, each time counted; that were dead-lettered; and that were settled
    /// once more.
    public var accepted: Int
    public var deadLettered: Int
    public var repeated: Int
    /// Windows that the logs made, late events among them, and advances of watermarks at ends of logs.
    public var windows: Int
    public var late: Int
    public var advances: Int
}

/// One run of real engines whose subscriptions have windows, in a simulated world that its scenario decides.
///
/// Beside `Simulation`, because that takes every event for one item with an outcome of its own, which is what windows are
/// not. As there: first faults happen, and nothing wrong may be done; then everything heals, and everything must get done.
public final class WindowSimulation {
    typealias Action = Agenda<WindowSimulation>.Action

    /// What Kafka holds of a cursor.
    struct Stored {
        var offset: Int64
        var metadata: String
        var claim: WindowClaim
        var course: WindowCourse
    }

    let scenario: WindowScenario
    var agenda = Agenda<WindowSimulation>()
    var now = Instant(nanoseconds: 0)
    var random: Random
    var endpointRandom: Random
    var trace: Trace

    /// By topic, then by partition.
    var logs: [[WindowLog]]
    /// Of the partitions of repartition topics.
    private var writers: [[WindowWriters]]
    var stored: [CursorKey: Stored] = [:]
    /// Courses that some cursor was placed on, whether that was committed or not.
    var courses: [WindowCourse] = []
    var disturbances: [(fault: Scenario.BrokerFault, until: Instant)] = []
    var coordinator = Coordinator()
    let replicas: [WindowReplica]
    /// The manifests as they are now.
    var policies: [Subscription]
    var paused: Set<Int> = []
    /// Crashed replicas that will come back.
    var downFor: [Int: TimeSpan] = [:]
    /// Late events that were dropped, by subscription, as reported.
    var drops: [Int: Int] = [:]

    /// The latest time that any replica has seen on its clock.
    var latestWall = WallTime(milliseconds: 0)

    var isHealed = false
    var isShuttingDown = false
    private var isResting = false
    private var isDone = false
    private var endedAt: TimeSpan?
    private(set) var violations: [Violation] = []
    var serial = 0
    var steps = 0
    var attempts = 0
    var crashes = 0

    /// - Parameter listener: gets the story, line by line.
    public init(_ scenario: WindowScenario, listener: ((TraceLine) -> Void)? = nil) {
        self.scenario = scenario
        trace = Trace(listener: listener)
        random = Random(seed: scenario.seed)
        endpointRandom = random.split()
        policies = scenario.subscriptions
        logs = scenario.topics.map { Array(repeating: WindowLog(), count: $0.partitions) }
        writers = scenario.topics.map { topic in
            Array(repeating: WindowWriters(sources: topic.sources), count: topic.sources > 0 ? topic.partitions : 0)
        }
        replicas = (0..<scenario.mostReplicas).map { WindowReplica(index: $0) }
        for (replica, offset) in zip(replicas, scenario.clockOffsets) { replica.clock.offset = offset }
        for (i, topic) in scenario.topics.enumerated() {
            for partition in 0..<topic.partitions { coordinator.seats.append(Coordinator.Seat(topic: i, partition: Int32(partition))) }
        }
    }

    /// Until everything is settled and has come to rest, or a clause is broken.
    public func run() -> WindowSimulationResult {
        produceBacklog()
        planLiveRecords()
        for event in scenario.events { after(event.at) { $0.happen(event.what) } }
        for replica in replicas.prefix(scenario.replicas) { start(replica) }
        after(scenario.faultsFor) { $0.heal() }
        while violations.isEmpty, let next = agenda.next() {
            now = next.at
            next.action(self)
            if isDone { break }
            if steps > scenario.mostSteps { violation(.progress, "the engine does not come to rest") }
        }
        return result()
    }

    // MARK: Time

    var moment: Moment { Moment(instant: now, wall: wall(TimeSpan(nanoseconds: now.nanoseconds))) }

    /// What a replica sees on its clocks.
    func moment(of replica: WindowReplica) -> Moment { Moment(instant: now, wall: wall(replica.clock.reads(at: now))) }

    private func wall(_ span: TimeSpan) -> WallTime { WallTime(milliseconds: Simulation.startOfWallClock + span.inMilliseconds) }

    var elapsed: TimeSpan { TimeSpan(nanoseconds: now.nanoseconds) }

    func after(_ span: TimeSpan, _ action: @escaping Action) { agenda.note(at: now + span, action) }

    func milliseconds(_ range: ClosedRange<Int>) -> TimeSpan { .milliseconds(Int64(random.int(range))) }

    // MARK: Records

    private func produce(_ topic: Int, _ partition: Int, time: Int64) {
        let plan = scenario.topics[topic]
        var time = time - (plan.disorder > 0 ? Int64(random.int(0...Int(plan.disorder))) : 0)
        if random.chance(plan.stragglers) { time -= Int64(random.int(0...Int(plan.reach))) }
        if random.chance(plan.jumps) { time += Int64(random.int(0...Int(plan.reach))) }
        let defect: WindowRecord.Defect? = random.chance(plan.unreadable) ? .unreadable : random.chance(plan.uncountable) ? .uncountable : nil
        var record = WindowRecord(
            timestamp: moment.wall, appended: now, time: time / plan.grid * plan.grid, group: random.int(0...plan.groups - 1),
            type: random.chance(plan.others) ? "other" : "counted", defect: defect, bytes: random.int(20...100))
        if plan.repeats > 0 { record.identity = UInt64(random.chance(plan.repeats) ? random.int(0...20) : random.int(1...1_000_000)) }
        guard plan.sources > 0 else { return append([record], topic, partition) }
        writers[topic][partition].produce(record, &random)
        for _ in 0..<random.int(0...3) { append(writers[topic][partition].act(&random, faults: plan.mishaps), topic, partition) }
    }

    private func append(_ records: [WindowRecord], _ topic: Int, _ partition: Int) {
        for var record in records {
            record.appended = now
            if record.origin?.place.isMark ?? false { record.timestamp = moment.wall }
            logs[topic][partition].append(record)
            if random.chance(scenario.topics[topic].gaps) { logs[topic][partition].leaveGap(of: Int64(random.int(1...5))) }
        }
    }

    private func finishWriting() {
        for topic in writers.indices {
            for partition in writers[topic].indices { append(writers[topic][partition].finish(&random), topic, partition) }
        }
    }

    private func produceBacklog() {
        for (i, topic) in scenario.topics.enumerated() {
            for partition in 0..<topic.partitions {
                for left in (0..<topic.backlog).reversed() { produce(i, partition, time: moment.wall.milliseconds - Int64(left) * topic.pace) }
            }
        }
    }

    private func planLiveRecords() {
        let span = Double(scenario.faultsFor.nanoseconds)
        for (i, topic) in scenario.topics.enumerated() {
            for partition in 0..<topic.partitions {
                let bursts = (0..<topic.bursts).map { _ in span * random.unit() }
                for _ in 0..<topic.live {
                    let at = bursts.isEmpty ? span * random.unit() : random.pick(bursts) + 1e9 * random.unit()
                    after(TimeSpan(nanoseconds: Int64(at) / 10_000_000 * 10_000_000)) { simulation in
                        guard !simulation.isHealed else { return }
                        simulation.produce(i, partition, time: simulation.moment.wall.milliseconds)
                        simulation.pumpAll()
                    }
                }
            }
        }
    }

    // MARK: The end

    private func heal() {
        isHealed = true
        note(.heal)
        disturbances = []
        finishWriting()
        for i in policies.indices where policies[i].window != nil { policies[i].window!.maxGroups = 100_000 }
        for replica in replicas {
            replica.clock = Clock()
            if replica.isUp { step(replica, .subscriptions(policies)) }
        }
        for i in policies.indices { resume(i) }
        keepOneRunning()
        after(scenario.healWithin) { simulation in
            if simulation.isResting { return }
            simulation.violation(.progress, "after \(simulation.scenario.healWithin) without faults \(simulation.firstUnsettled() ?? "everything is settled, but nobody noticed")")
        }
        // What was written last has to be read first: of late events that are dropped nothing is waited for.
        after(.seconds(5)) { $0.look() }
    }

    private func look() {
        guard firstUnsettled() == nil, downFor.isEmpty else { return after(.seconds(1)) { $0.look() } }
        guard !isResting else { return }
        isResting = true
        endedAt = elapsed
        checkOutcomes()
        let attemptsBefore = attempts
        after(Simulation.restFor) { simulation in
            if simulation.attempts > attemptsBefore { simulation.violation(.progress, "\(simulation.attempts - attemptsBefore) attempts when everything was settled") }
            for replica in simulation.replicas where replica.isUp { simulation.checkRest(of: replica) }
            simulation.shutDown()
        }
    }

    private func shutDown() {
        isShuttingDown = true
        for replica in replicas where replica.isUp { leave(replica) }
        after(.seconds(10)) { simulation in
            for replica in simulation.replicas where replica.isUp { simulation.violation(.progress, "replica \(replica.index) does not stop, and has nothing to do") }
            simulation.isDone = true
        }
    }

    func violation(_ clause: Clause, _ text: String) { violations.append(Violation(clause, at: elapsed, text)) }

    private func result() -> WindowSimulationResult {
        let fates = courses.flatMap { $0.fates.values }
        return WindowSimulationResult(
            violations: violations, digest: trace.digest, duration: endedAt ?? elapsed, steps: steps, attempts: attempts, crashes: crashes,
            accepted: fates.reduce(0) { $0 + $1.accepted }, deadLettered: fates.reduce(0) { $0 + $1.deadLetters },
            repeated: fates.reduce(0) { $0 + max(0, $1.outcomes - 1) },
            windows: courses.reduce(0) { $0 + $1.due.count { $0.kind == .window } }, late: courses.reduce(0) { $0 + $1.due.count { $0.kind == .late } },
            advances: courses.reduce(0) { $0 + $1.advances.count })
    }

    // MARK: Names

    func topicIndex(_ name: String) -> Int { scenario.topics.firstIndex { $0.name == name }! }

    func subscriptionIndex(_ name: String) -> Int { scenario.subscriptions.firstIndex { $0.name == name }! }

    func name(of seat: Coordinator.Seat) -> TopicPartitionName {
        TopicPartitionName(topic: scenario.topics[seat.topic].name, partition: seat.partition)
    }

    func key(_ id: SubscriptionID, _ name: TopicPartitionName, _ replica: WindowReplica) -> CursorKey {
        CursorKey(subscription: subscriptionIndex(replica.core.subscription(id).name), topic: topicIndex(name.topic), partition: name.partition)
    }

    func log(_ key: CursorKey) -> WindowLog { logs[key.topic][Int(key.partition)] }

    /// Notes something that happened: on a replica, or (nil) in the world outside. The words go into the digest.
    func note(
        _ kind: Trace.Kind, _ replica: WindowReplica? = nil, _ a: Int64 = 0, _ b: Int64 = 0, _ c: Int64 = 0, _ d: Int64 = 0,
        text: @autoclosure () -> String = ""
    ) {
        trace.note(kind, at: now, replica: replica?.index, a, b, c, d, text)
    }
}
