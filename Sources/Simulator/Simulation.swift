import DeliveryCore
public import EventModel

/// What a run came to.
public struct SimulationResult: Sendable {
    /// Empty: the contract was kept.
    public var violations: [Violation]
    /// Equal for equal runs.
    public var digest: UInt64
    /// Simulated, until every lag was zero.
    public var duration: TimeSpan
    public var steps: Int
    public var attempts: Int
    public var crashes: Int
    public var circuitsOpened: Int
    public var cursorsFull: Int
    public var drainTimeouts: Int
    public var mostMemory: Int
    /// Accepted by endpoints, each acceptance counted; events dead-lettered; repetitions among both.
    public var accepted: Int
    public var deadLettered: Int
    public var repeated: Int
    /// By subscription: the longest time from an event's record to its first acceptance.
    public var longestDelay: [TimeSpan]
    /// Records written to the retry topic.
    public var retryRecords: Int
}

/// One run of real engines in a simulated world, decided by its scenario and nothing else.
///
/// First faults happen and the checks watch that nothing wrong is done; then everything heals, and the checks demand
/// that everything gets done.
public final class Simulation {
    let scenario: Scenario
    var agenda = Agenda<Simulation>()
    var now = Instant(nanoseconds: 0)
    var random: Random
    var endpointRandom: Random
    var broker: Broker
    var coordinator = Coordinator()
    var replicas: [Replica] = []
    var ledger: Ledger
    var trace: Trace
    let subscriptionIndex: [String: Int]
    private let topicIndexes: [String: Int]

    var isHealed = false
    /// Filters that some engine may go by, by subscription.
    var filtersInForce: [[[FilterExpression]]]
    /// Whether some edition of the manifest drops, and how early one gives up.
    var mayDrop: [Bool]
    var leastGiveUpAfter: [TimeSpan]
    /// All that was ever produced, by topic and partition, whatever Kafka deleted since.
    var history: [[[SimulatedRecord]]]
    private var lastIdentity: UInt64 = 0
    var suspended: Set<Int> = []
    var paused: Set<Int> = []
    /// How often each was paused: the end of one pause is not that of the next.
    var pauses: [Int: Int] = [:]
    /// What endpoints allow.
    var allowedRates: [Int: RateLimit] = [:]
    /// The manifests as they are now.
    var policies: [Subscription]
    /// The latest time that any replica has seen on its clock.
    var latestWall = WallTime(milliseconds: 0)
    /// Commits on their way to the broker, by subscription.
    var commitsUnderWay: [Int: Int] = [:]
    /// Subscriptions that no manifest lists just now, and how often each was edited.
    var removed: Set<Int> = []
    var editions: [Int]
    /// How often an engine got it anew.
    var additions: [Int]
    /// Crashed replicas that will come back.
    var downFor: [Int: TimeSpan] = [:]
    private(set) var violations: [Violation] = []
    var serial = 0
    var steps = 0
    var attempts = 0
    var crashes = 0
    /// Engines started, each with a diversion budget of its own.
    var engines = 0
    var circuitsOpened = 0
    var cursorsFull = 0
    /// Whose settled offsets did not fit the metadata at some time.
    var fullCursors: Set<CursorKey> = []
    /// Committed last by a process that has ended meanwhile.
    var lateCommits: Set<CursorKey> = []
    /// By subscription.
    var totalRates: [Int: TotalRate] = [:]
    var drainTimeouts = 0
    var mostMemory = 0

    /// - Parameter listener: gets the story, line by line.
    public init(_ scenario: Scenario, listener: ((TraceLine) -> Void)? = nil) {
        self.scenario = scenario
        trace = Trace(listener: listener)
        random = Random(seed: scenario.seed)
        endpointRandom = random.split()
        let retryPartitions = [scenario.core, scenario.laterCore ?? scenario.core].map { $0.lanes.count * $0.partitionsPerLane }.max()!
        broker = Broker(
            logs: scenario.topics.map { Array(repeating: SimulatedLog(), count: $0.partitions) }
                + [Array(repeating: SimulatedLog(), count: retryPartitions)])
        policies = scenario.subscriptions
        history = scenario.topics.map { Array(repeating: [], count: $0.partitions) }
        filtersInForce = scenario.subscriptions.map { [$0.filters] }
        mayDrop = scenario.subscriptions.map(\.deadLetter.drop)
        leastGiveUpAfter = scenario.subscriptions.map(\.retry.giveUpAfter)
        editions = Array(repeating: 0, count: scenario.subscriptions.count)
        additions = editions
        ledger = Ledger(subscriptions: scenario.subscriptions.count)
        var names: [String: Int] = [:]
        for (i, subscription) in scenario.subscriptions.enumerated() { names[subscription.name] = i }
        subscriptionIndex = names
        var topics = [scenario.core.retryTopic: -1]
        for (i, topic) in scenario.topics.enumerated() { topics[topic.name] = i }
        topicIndexes = topics
        for (i, topic) in scenario.topics.enumerated() {
            for partition in 0..<topic.partitions { coordinator.seats.append(Coordinator.Seat(topic: i, partition: Int32(partition))) }
        }
        for partition in 0..<retryPartitions { coordinator.seats.append(Coordinator.Seat(topic: -1, partition: Int32(partition))) }
        for i in 0..<scenario.mostReplicas {
            let replica = Replica(index: i, options: scenario.core, core: DeliveryCore(options: scenario.core))
            if i < scenario.clockOffsets.count { replica.clock.offset = scenario.clockOffsets[i] }
            if i < scenario.clockDrifts.count { replica.clock.drift = scenario.clockDrifts[i] * 1e9 }
            replicas.append(replica)
        }
    }

    /// Until everything is done and has come to rest, or a clause is broken.
    public func run() -> SimulationResult {
        produceBacklog()
        planLiveRecords()
        for event in scenario.events { after(event.at) { $0.happen(event.what) } }
        for i in 0..<scenario.replicas { start(i) }
        after(scenario.faultsFor) { $0.heal() }
        while violations.isEmpty, let next = agenda.next() {
            precondition(next.at >= now, "time goes on")
            now = next.at
            next.action(self)
            if isDone { break }
            if steps > scenario.mostSteps { violation(.progress, "the engine does not come to rest") }
        }
        return result()
    }

    // MARK: Time

    static let startOfWallClock: Int64 = 1_700_000_000_000

    var moment: Moment {
        Moment(instant: now, wall: WallTime(milliseconds: Self.startOfWallClock + now.nanoseconds / 1_000_000))
    }

    var elapsed: TimeSpan { TimeSpan(nanoseconds: now.nanoseconds) }

    func after(_ span: TimeSpan, _ action: @escaping Agenda<Simulation>.Action) { agenda.note(at: now + span, action) }

    // MARK: Records

    func produce(_ topic: Int, _ partition: Int) {
        let plan = scenario.topics[topic]
        var record = SimulatedRecord(
            offset: 0, timestamp: moment.wall, bytes: random.int(plan.bytes),
            event: EventKey(topic: topic, partition: Int32(partition), offset: -1), type: random.pick(plan.types),
            key: plan.keys == 0 ? 0 : UInt64(random.int(0...plan.keys)), poison: random.chance(plan.poison),
            isRejected: plan.rejected > 0 && random.chance(plan.rejected))
        if plan.repeats > 0 { record.identity = identity(plan, topic, partition) }
        record.offset = broker.append(record, topic: topic, partition: Int32(partition))
        record.event.offset = record.offset
        while history[topic].count <= partition { history[topic].append([]) }
        history[topic][partition].append(record)
        if random.chance(plan.gaps) { broker.logs[topic][partition].leaveGap(of: Int64(random.int(1...5))) }
    }

    /// One of the last few, or a new one; now and then none.
    private func identity(_ plan: Scenario.Topic, _ topic: Int, _ partition: Int) -> UInt64 {
        if random.chance(0.05) { return 0 }
        let all = history[topic].count > partition ? history[topic][partition] : []
        if !all.isEmpty, random.chance(plan.repeats) { return all[max(0, all.count - random.int(1...30))].identity }
        lastIdentity += 1
        return lastIdentity
    }

    private func produceBacklog() {
        for (i, topic) in scenario.topics.enumerated() {
            for partition in 0..<topic.partitions { for _ in 0..<topic.backlog { produce(i, partition) } }
        }
    }

    private func planLiveRecords() {
        for (i, topic) in scenario.topics.enumerated() {
            for partition in 0..<topic.partitions {
                for _ in 0..<topic.live {
                    let at = TimeSpan(nanoseconds: Int64(Double(scenario.faultsFor.nanoseconds) * random.unit()))
                    after(at) { simulation in
                        simulation.produce(i, partition)
                        simulation.pumpAll()
                    }
                }
            }
        }
    }

    // MARK: The end

    private var isDone = false
    private var isResting = false
    private var endedAt: TimeSpan? = nil
    /// All replicas were told to stop, and none comes back.
    var isShuttingDown = false

    private func heal() {
        isHealed = true
        note(.heal)
        broker.faults = []
        for replica in replicas {
            replica.setClock(Clock(), simulation: self)
            replica.crashesToCome = 0
        }
        for replica in replicas where replica.isStandingStill { wake(replica) }
        for subscription in paused.sorted() { resume(subscription) }
        for subscription in policies.indices where policies[subscription].enabled != scenario.subscriptions[subscription].enabled {
            change(subscription, .enabled(true))
        }
        keepOneRunning()
        after(scenario.healWithin) { simulation in
            guard !simulation.isResting else { return }
            simulation.violation(.progress, "after \(simulation.scenario.healWithin) without faults \(simulation.firstLag() ?? "nothing lags, but nobody noticed")\(simulation.states())")
        }
        look()
    }

    private func look() {
        guard firstLag() == nil, downFor.isEmpty, removed.isEmpty, replicas.allSatisfy({ !$0.isUp || (!$0.account.isInDoubt && !$0.isExpelled) }) else { return after(.seconds(1)) { $0.look() } }
        guard !isResting else { return }
        isResting = true
        endedAt = elapsed
        checkFates()
        for replica in replicas where replica.isUp {
            checkTokens(replica)
            checkBooks(replica)
            judgeFigures(replica)
        }
        rest()
    }

    func finish() { isDone = true }

    func violation(_ clause: Clause, _ text: String) { violations.append(Violation(clause, at: elapsed, text)) }

    private func result() -> SimulationResult {
        var accepted = 0
        var deadLettered = 0
        var repeated = 0
        for fate in ledger.fates.values {
            accepted += fate.accepted
            deadLettered += fate.deadLetters
            repeated += max(0, fate.accepted + fate.deadLetters - 1)
        }
        return SimulationResult(
            violations: violations, digest: trace.digest, duration: endedAt ?? elapsed, steps: steps, attempts: attempts, crashes: crashes,
            circuitsOpened: circuitsOpened, cursorsFull: cursorsFull, drainTimeouts: drainTimeouts, mostMemory: mostMemory,
            accepted: accepted, deadLettered: deadLettered, repeated: repeated, longestDelay: ledger.longestDelay,
            retryRecords: broker.logs[broker.logs.count - 1].reduce(0) { $0 + $1.records.count })
    }

    // MARK: Names

    func topicIndex(_ name: String) -> Int { topicIndexes[name]! }

    func topicName(_ index: Int) -> String { index < 0 ? scenario.core.retryTopic : scenario.topics[index].name }
}
