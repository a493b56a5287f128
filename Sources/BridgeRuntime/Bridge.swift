public import Control
public import DeliveryCore
public import Egress
import EventLoop
public import EventModel
import HTTPTransport
package import KafkaClient
import KafkaTokens
public import Logging
public import Manifests
import SchemaRegistry
import Spans
import Synchronization

/// The bridge of one process: its shards, and the thread that watches over them.
///
/// That thread waits for the cluster, starts the shards, looks for changes of the manifests once a second and asks the
/// cluster now and then whether it is still there. No event passes it.
public final class Bridge: Sendable {
    /// What the probes ask for.
    public enum Readiness: Sendable, Equatable {
        case ready
        /// Why not, one line each.
        case notReady([String])
    }

    struct State {
        var shards: [ShardMailbox] = []
        /// Once the shards obey it.
        var control: ControlChannel? = nil
        /// Nil where attempts are not recorded.
        var receipts: ReceiptTopic? = nil
        var isStopping = false
        var isClusterReachable = false
        /// Why it is not ready, while it waits for something at the start.
        var waitingFor = "the bridge is starting"
        var failure: String? = nil
        var manifests: ManifestStatus
    }

    /// Which manifests are in force, and what is wrong with newer ones.
    public struct ManifestStatus: Sendable {
        public var loadedAt: WallTime
        /// Of those in force.
        public var warnings: [Problem]
        /// Newer ones that have errors.
        public var refused: (at: WallTime, problems: [Problem])?
    }

    public let configuration: BridgeConfiguration
    public let startedAt = WallTime(milliseconds: EventLoop.wallMilliseconds())
    let assembly: Mutex<Assembly>
    private let watcher: Mutex<TopicsWatcher>
    let rotation: Mutex<SecretRotation>
    let certificates: Mutex<CertificateWatch>
    /// As its shards talk to the cluster.
    package let kafka: KafkaConfiguration
    private let instanceID: String?
    private let sessionTimeout: TimeSpan
    let log: Logger
    /// Of the log, as operators want them just now.
    public let levels: LogLevelSwitch
    private let retention: RetentionGuard
    private let schemas: SchemaLookups?
    let notifier: Notifier?
    /// Nil: no spans are made.
    private let spans: SpanExporter?
    private let ownListeners: OwnListeners
    let state: Mutex<State>
    private let onFinish = Mutex<(@Sendable () -> Void)?>(nil)
    /// Under way.
    private let tests = Mutex(0)

    /// `session.timeout.ms` where the user sets none, in milliseconds.
    private static let defaultSession = 10_000

    /// - Parameters:
    ///   - manifests: Usable ones; the watcher says what has changed since.
    ///   - ownListeners: where this process listens, and nothing is delivered to.
    ///   - levels: what the logger obeys.
    public init(
        configuration: BridgeConfiguration, manifests: LoadedManifests, watcher: TopicsWatcher, ownListeners: OwnListeners = OwnListeners(),
        logger: Logger, levels: LogLevelSwitch
    ) {
        self.configuration = configuration
        self.levels = levels
        assembly = Mutex(Assembly(files: manifests.topics, registry: watcher.registry, topics: configuration.withRepartitions(manifests.topics)))
        self.watcher = Mutex(watcher)
        self.ownListeners = ownListeners
        rotation = Mutex(SecretRotation(manifests.topics))
        certificates = Mutex(CertificateWatch(manifests.topics, at: Clock.moment().wall))
        log = logger
        schemas = configuration.schemaRegistry.map { SchemaLookups($0, log: logger) }
        var properties = configuration.kafka.properties.map { ($0.name, $0.value) }
        instanceID = properties.last { $0.0 == "group.instance.id" }?.1
        properties.removeAll { $0.0 == "group.instance.id" }
        // Half a minute of silence is long for those who wait for their events; a static member needs it to restart.
        if instanceID == nil, !properties.contains(where: { $0.0 == "session.timeout.ms" }) {
            properties.append(("session.timeout.ms", String(Self.defaultSession)))
        }
        // Members hear of a rebalance with their next heartbeat, and partitions that move stand still until all have heard.
        if !properties.contains(where: { $0.0 == "heartbeat.interval.ms" }) { properties.append(("heartbeat.interval.ms", "500")) }
        let session = properties.last { $0.0 == "session.timeout.ms" }.flatMap { Int64($0.1) } ?? 45_000
        sessionTimeout = .milliseconds(session)
        var kafka = KafkaConfiguration(configuration.kafka)
        kafka.properties = properties.map { (name: $0.0, value: $0.1) }
        self.kafka = kafka
        notifier = configuration.notifications.enabled ? Notifier(configuration, kafka, log: logger) : nil
        spans = SpanExporter(configuration, log: logger)
        retention = RetentionGuard(kafka, logger, notifier)
        state = Mutex(State(manifests: ManifestStatus(loadedAt: startedAt, warnings: manifests.problems)))
    }

    /// Checks what librdkafka and the egress rules have to say about the configuration, without a connection.
    public static func validate(_ configuration: BridgeConfiguration) -> [String] {
        var problems: [String] = []
        do throws(KafkaError) {
            try KafkaConfiguration(configuration.kafka).validate()
        } catch {
            problems.append("kafka.properties: \(error.message)")
        }
        do throws(EgressRuleError) {
            _ = try EgressRules(configuration.egress)
        } catch {
            problems.append(error.description)
        }
        do throws(EndpointError) {
            _ = try configuration.egress.proxy.map { (url) throws(EndpointError) in try Proxy(url) }
        } catch {
            problems.append("egress.proxy: \(error)")
        }
        return problems
    }

    /// Starts; returns at once. `finished` is called on another thread when the bridge has stopped, for whatever reason.
    public func start(finished: @escaping @Sendable () -> Void) {
        onFinish.withLock { $0 = finished }
        _ = WorkerThread(name: "supervisor") { self.supervise() }
    }

    /// Drains, commits, leaves the group. Returns at once.
    public func stop() {
        let shards = state.withLock { state in
            state.isStopping = true
            return state.shards
        }
        for shard in shards { shard.send(.stop) }
    }

    /// Why it stopped by itself; nil when it was asked to.
    public var failure: String? { state.withLock { $0.failure } }

    public func snapshot() -> CoreSnapshot {
        let shards = state.withLock { $0.shards }
        var merged = CoreSnapshot()
        for shard in shards { merged.merge(shard.status.snapshot) }
        if shards.isEmpty {
            for policy in assembly.withLock({ $0.topics }).flatMap(\.subscriptions) {
                merged.subscriptions.append(SubscriptionSnapshot(name: policy.name, topic: policy.topic))
            }
        }
        merged.receiptsLost = state.withLock { $0.receipts }?.lost ?? 0
        retention.fill(&merged)
        let certificates = certificates.withLock { $0 }
        for index in merged.subscriptions.indices {
            merged.subscriptions[index].certificateEnd = certificates.end(of: merged.subscriptions[index].name)
        }
        merged.subscriptionsRefused = assembly.withLock { $0.registry.refusedCount }
        if let counts = schemas?.counts {
            merged.schemasFound = counts.found
            merged.schemasUnknown = counts.unknown
            merged.schemaRequestsFailed = counts.failed
        }
        if let counts = spans?.counts {
            merged.spansExported = counts.exported
            merged.spansDropped = counts.dropped
        }
        if let counts = notifier?.counts {
            merged.notificationsWritten = counts.written
            merged.notificationsLost = counts.lost
        }
        return merged
    }

    public func readiness() -> Readiness {
        let (shards, reachable, waitingFor, stopping) = state.withLock {
            ($0.shards, $0.isClusterReachable, $0.waitingFor, $0.isStopping)
        }
        if stopping { return .notReady(["shutting down"]) }
        if shards.isEmpty { return .notReady([waitingFor]) }
        var reasons: [String] = []
        if !reachable { reasons.append("the Kafka cluster does not answer at \(configuration.kafka.bootstrapServers)") }
        for (index, shard) in shards.enumerated() {
            if let failure = shard.status.failure { reasons.append("shard \(index): \(failure)") }
        }
        if !shards.contains(where: { $0.status.hasJoined }) { reasons.append("no partitions have been assigned yet") }
        return reasons.isEmpty ? .ready : .notReady(reasons)
    }

    /// How long ago the shard that is furthest behind turned its loop.
    public func oldestTurn() -> TimeSpan {
        let now = Instant(nanoseconds: EventLoop.now())
        return state.withLock { $0.shards }.map { now - $0.status.turned }.max() ?? .zero
    }

    // MARK: Changing

    /// What the control topic says, as far as this process follows it.
    public var control: ControlState { state.withLock { $0.control }?.state.withLock { $0.control } ?? ControlState() }

    /// Makes a change, on all replicas.
    ///
    /// - Parameter patience: how long the other replicas may take.
    public func change(
        _ change: SubscriptionChange, of name: String, by: Attribution, patience: TimeSpan = .seconds(10)
    ) async throws(ChangeFailure) -> ChangeReceipt {
        let (control, waitingFor) = state.withLock { ($0.control, $0.waitingFor) }
        guard let control else { throw .unavailable("nothing can be changed yet: \(waitingFor)") }
        guard let policy = control.state.withLock({ $0.policies[name] }) else { throw .unknownSubscription }
        let change = try await ChangeRecords.of(change, policy, by, kafka)
        return try await control.submit(change.records, seek: change.seek, until: Clock.moment().instant + patience).get()
    }

    // MARK: Testing

    /// Tests that may be under way at once: each has a thread, and waits for its endpoint.
    private static let mostTests = 8
    /// However long a delivery may take.
    private static let testTimeout = TimeSpan.seconds(20)

    /// Sends one event that is marked as a test to a subscription's endpoint, and waits for the answer on a thread of its own.
    ///
    /// - Parameter record: makes the event, for the topic that the subscription reads.
    package func test(
        _ name: String, _ record: @escaping @Sendable (TopicManifest) -> GivenRecord
    ) async throws(ChangeFailure) -> TestDelivery.Outcome {
        let known = rotation.withLock { $0.current }.lazy.flatMap { topic in topic.subscriptions.map { (topic: topic, policy: $0) } }
        guard let (manifest, found) = known.first(where: { $0.policy.name == name }) else { throw .unknownSubscription }
        var policy = found
        policy.delivery.timeout = min(policy.delivery.timeout, Self.testTimeout)
        let isFree = tests.withLock { tests in
            guard tests < Self.mostTests else { return false }
            tests += 1
            return true
        }
        guard isFree else { throw .unavailable("\(Self.mostTests) tests are under way; repeat it when they have ended") }
        return try await withCheckedContinuation { (continuation: CheckedContinuation<Result<TestDelivery.Outcome, ChangeFailure>, Never>) in
            _ = WorkerThread(name: "test") { [self, policy] in
                let schemas = AskedSchemas(configuration.schemaRegistry)
                var result: Result<TestDelivery.Outcome, ChangeFailure>
                do {
                    result = .success(try TestDelivery.run(
                        record(manifest), to: policy, of: manifest, egress: configuration.egress, ownListeners: ownListeners, schemas: schemas))
                    if let failure = schemas?.failure { result = .failure(.unavailable("the schemas of framed values are not known: \(failure)")) }
                } catch {
                    result = .failure(.impossible("no test can be made: \(error)"))
                }
                tests.withLock { $0 -= 1 }
                continuation.resume(returning: result)
            }
        }.get()
    }

    // MARK: Supervision

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func supervise() {
        defer { onFinish.withLock { $0 }?() }
        guard let partitions = waitForCluster() else { return }
        notifier?.install(assembly.withLock { $0.topics })
        let notifierThread = notifier?.start()
        defer {
            notifier?.stop()
            notifierThread?.join()
        }
        let control = ControlChannel(
            kafka, topic: configuration.controlTopicName, startedAt: startedAt, log: log, levels: levels, notifier: notifier
        ) { [self] definitions in
            publish { $0.definitions = definitions }
        }
        let controlThread = control.start()
        defer {
            control.stop()
            controlThread.join()
        }
        guard waitForControl(control) != nil else { return }
        let topics = publish { $0.control = control }
        defer { assembly.withLock { $0.control = nil } }
        let lookups = Lookups(kafka)
        defer { lookups.stop() }
        let receipts = startReceipts()
        defer {
            receipts?.topic.close()
            receipts?.thread.join()
        }
        let spansThread = spans?.start()
        defer {
            spans?.close()
            spansThread?.join()
        }
        let plans = makePlans(retryPartitions: partitions, receipts?.topic)
        defer { schemas?.stop() }
        let mailboxes = plans.map { _ in ShardMailbox() }
        var counts = PartitionCounts(retryTopic: configuration.retryTopicName)
        var admin: ClusterAdmin?
        // Else each replica would take a whole limit for its own until it knows better.
        if let client = try? Self.client(kafka, &admin) { tell(mailboxes, topics, &counts, client) }
        // What is paused must not begin before that is known.
        control.connect(mailboxes)
        state.withLock { $0.control = control }
        defer { state.withLock { $0.control = nil } }
        publish { $0.shards = mailboxes }
        var threads: [WorkerThread] = []
        for (index, plan) in plans.enumerated() {
            let mailbox = mailboxes[index]
            mailbox.show { $0.turned = Instant(nanoseconds: EventLoop.now()) }
            threads.append(
                WorkerThread(name: "shard-\(index)") { [log] in
                    do {
                        try Shard(plan: plan, mailbox: mailbox, lookups: lookups, channel: control, log: ShardLog(log)).run()
                    } catch {
                        mailbox.show {
                            $0.failure = "\(error)"
                            $0.isFinished = true
                        }
                    }
                })
        }
        let stopNow = state.withLock { state in
            state.shards = mailboxes
            return state.isStopping
        }
        if stopNow { for mailbox in mailboxes { mailbox.send(.stop) } }
        // Beside the shards: some clusters take their time to say that they do not show settings.
        _ = WorkerThread(name: "retention") { [self] in
            RetentionCheck.run(configuration, topics, kafka, log)
            retention.run(while: { !isStopping }, snapshot: snapshot)
        }
        watch(mailboxes, &counts)
        for thread in threads { thread.join() }
    }

    /// Until all shards have finished, or one cannot go on.
    private func watch(_ shards: [ShardMailbox], _ counts: inout PartitionCounts) {
        var admin: ClusterAdmin?
        var edition = 0
        var tick = 0
        while !shards.allSatisfy(\.status.isFinished) {
            Clock.pause(milliseconds: 100)
            tick += 1
            if tick % 10 == 0, !isStopping {
                reload()
                let known = assembly.withLock { $0.edition }
                if let admin, known != edition {
                    edition = known
                    tell(shards, assembly.withLock { $0.topics }, &counts, admin)
                }
            }
            if tick % 10 == 0 { tell(certificates.withLock { $0.look(at: Clock.moment().wall) }) }
            if tick % 20 == 0, !isStopping { checkCluster(&admin) }
            if tick % 50 == 0, !isStopping, let admin { findEnds(shards, admin) }
            if tick % 300 == 0, !isStopping, let admin { tell(shards, assembly.withLock { $0.topics }, &counts, admin) }
            if let failure = shards.lazy.compactMap(\.status.failure).first, !isStopping {
                log.critical("a shard cannot go on; the process stops", metadata: ["reason": "\(failure)"])
                state.withLock { $0.failure = failure }
                stop()
            }
        }
    }

    /// Takes what has changed in files.
    private func reload() {
        guard let loaded = watcher.withLock({ $0.reloadIfChanged() }) else { return reloadReferences() }
        for problem in loaded.problems {
            log.log(level: problem.severity == .error ? .error : .warning, "\(problem)")
        }
        let at = Clock.moment().wall
        guard loaded.isUsable else {
            state.withLock { $0.manifests.refused = (at, loaded.problems) }
            log.error("the topic manifests have errors: the old ones stay in force", metadata: ["folder": "\(configuration.topics)"])
            notifier?.tell(
                .configurationRefused, "the topic manifests have errors: the old ones stay in force",
                reason: loaded.problems.first { $0.severity == .error }.map { "\($0)" } ?? "")
            return
        }
        state.withLock { $0.manifests = ManifestStatus(loadedAt: at, warnings: loaded.problems) }
        let count = loaded.topics.reduce(0) { $0 + $1.subscriptions.count }
        log.notice("topic manifests reloaded", metadata: ["topics": "\(loaded.topics.count)", "subscriptions": "\(count)"])
        publish { $0.files = loaded.topics }
        notifier?.tell(.configurationLoaded, "the topic manifests were reloaded: \(loaded.topics.count) topics, \(count) subscriptions")
    }

    public var manifestStatus: ManifestStatus { state.withLock { $0.manifests } }

    /// The manifests in force, as they were written.
    public var topics: [TopicManifest] { rotation.withLock { $0.current } }

    func tell(_ events: [SecretRotation.Event]) {
        for event in events {
            switch event {
            case .replaced(let subscription, let source, let overlap):
                log.notice(
                    "a signing secret was replaced; the old one signs too for a while",
                    metadata: ["subscription": "\(subscription)", "from": "\(source)", "for": "\(overlap)"])
            case .ended(let subscription, let source):
                log.notice("a signing secret that was replaced signs no more", metadata: ["subscription": "\(subscription)", "from": "\(source)"])
            }
        }
    }

    private func tell(_ events: [CertificateWatch.Event]) {
        for event in events {
            let metadata: Logger.Metadata = [
                "subscription": "\(event.subscription)", "file": "\(event.file)", "ends": "\(event.end.rfc3339)", "help": "replace the file, it is read again",
            ]
            if event.hasEnded {
                log.error("a client certificate has ended: its endpoint will refuse it", metadata: metadata)
            } else {
                log.warning("a client certificate ends soon", metadata: metadata)
            }
            notifier?.tell(
                .certificateEnds, of: event.subscription,
                "\(event.subscription): its client certificate \(event.hasEnded ? "has ended" : "ends soon"), at \(event.end.rfc3339)")
        }
    }

    /// The public keys of what signs just now, by subscription, in the order of the manifests.
    public var publicKeys: [(subscription: String, keys: [SigningSecret])] {
        rotation.withLock { $0.current }.flatMap(\.subscriptions).compactMap { subscription in
            guard case .signed(let method) = subscription.signing, !method.keys.isEmpty else { return nil }
            return (subscription: subscription.name, keys: method.keys)
        }
    }

    private func tell(_ shards: [ShardMailbox], _ topics: [TopicManifest], _ counts: inout PartitionCounts, _ admin: ClusterAdmin) {
        let changes = counts.changes(topics, admin)
        if !changes.isEmpty { for shard in shards { shard.send(.partitionCounts(changes)) } }
    }

    private func checkCluster(_ admin: inout ClusterAdmin?) {
        let reachable: Bool
        do throws(KafkaError) {
            let client = try Self.client(kafka, &admin)
            _ = try client.metadata(topic: configuration.retryTopicName)
            reachable = true
        } catch {
            reachable = false
        }
        let changed = state.withLock { state in
            defer { state.isClusterReachable = reachable }
            return state.isClusterReachable != reachable
        }
        guard changed else { return }
        if reachable {
            log.notice("the Kafka cluster answers again")
        } else {
            log.error(
                "the Kafka cluster does not answer; deliveries of what was read go on",
                metadata: ["bootstrapServers": "\(configuration.kafka.bootstrapServers)"])
        }
    }

    /// A partition that nobody takes from tells its end no more, and that is when people look at the lag.
    private func findEnds(_ shards: [ShardMailbox], _ admin: ClusterAdmin) {
        for shard in shards {
            let partitions = shard.status.snapshot.partitions.map { TopicPartition(topic: $0.topic, partition: $0.partition) }
            let asked = Clock.moment()
            guard !partitions.isEmpty, state.withLock({ $0.isClusterReachable }),
                let found = try? admin.offsets(at: partitions.map { (partition: $0, time: LogicalOffset.end) })
            else { continue }
            var ends: [TopicPartitionName: Int64] = [:]
            for (partition, end) in found where end >= 0 {
                ends[TopicPartitionName(topic: partition.topic, partition: partition.partition)] = end
            }
            shard.send(.endsKnown(ends, asked: asked))
        }
    }

    /// The client that was made before, or a new one.
    static func client(
        _ kafka: KafkaConfiguration, _ admin: inout ClusterAdmin?, timeoutMilliseconds: Int = 2000
    ) throws(KafkaError) -> ClusterAdmin {
        if let admin {
            // Not looked at, but they would pile up.
            admin.notices { _ in }
            return admin
        }
        let client = try ClusterAdmin(kafka, timeoutMilliseconds: timeoutMilliseconds)
        admin = client
        return client
    }

    // MARK: Waiting

    private struct Missing: Error {
        /// What is waited for, and what to do about it.
        var reason: String
        var level = Logger.Level.warning
    }

    /// Waits until the cluster answers, and its retry and control topics exist; the number of partitions of the retry topic.
    /// Nil when told to stop.
    private func waitForCluster() -> Int? {
        var admin: ClusterAdmin?
        return wait(milliseconds: 1000) { () throws(Missing) in
            func look(_ topic: String) throws(Missing) -> ClusterAdmin.Cluster {
                do throws(KafkaError) {
                    return try Self.client(kafka, &admin).metadata(topic: topic)
                } catch {
                    let reason = admin?.reason(for: error) ?? error.message
                    throw Missing(reason: "the Kafka cluster does not answer at \(configuration.kafka.bootstrapServers): \(reason)")
                }
            }
            let control = configuration.controlTopicName
            let count = try Self.partitions(of: configuration.retryTopicName, "retry", look(configuration.retryTopicName))
            _ = try Self.partitions(of: control, "control", look(control))
            state.withLock { $0.isClusterReachable = true }
            return count
        }
    }

    /// Waits until it is known what is paused. Nothing is delivered before that. Nil when told to stop.
    private func waitForControl(_ control: ControlChannel) -> Void? {
        let start = Clock.moment().instant
        return wait(milliseconds: 20) { () throws(Missing) in
            let waits = "nothing is delivered before it is known what is paused or suspended"
            switch control.progress {
            case .caughtUp: return
            case .failing(let reason):
                throw Missing(reason: "the control topic \(configuration.controlTopicName) cannot be read, and \(waits): \(reason)", level: .error)
            case .reading:
                let isLate = Clock.moment().instant - start > .seconds(10)
                throw Missing(reason: "the control topic \(configuration.controlTopicName) is being read, and \(waits)", level: isLate ? .error : .debug)
            }
        }
    }

    /// Asks until there is an answer, and tells people why there is none. Nil when told to stop.
    private func wait<Answer>(milliseconds: Int, for answer: () throws(Missing) -> Answer) -> Answer? {
        var lastSaid = ""
        while !isStopping {
            do throws(Missing) {
                return try answer()
            } catch {
                state.withLock { $0.waitingFor = error.reason }
                let said = "\(error.level) \(error.reason)"
                if said != lastSaid { log.log(level: error.level, "waiting: \(error.reason)") }
                lastSaid = said
            }
            let end = Clock.moment().instant + .milliseconds(Int64(milliseconds))
            while !isStopping, Clock.moment().instant < end { Clock.pause(milliseconds: min(milliseconds, 100)) }
        }
        return nil
    }

    /// The number of partitions of a topic that the bridge cannot do without.
    private static func partitions(of topic: String, _ role: String, _ cluster: ClusterAdmin.Cluster) throws(Missing) -> Int {
        let found = cluster.topics.first { $0.name == topic }
        if let error = found?.error, error.code != .UNKNOWN_TOPIC_OR_PART {
            throw Missing(reason: "the \(role) topic \(topic) cannot be used: \(error.message)")
        }
        guard let count = found?.partitions.count, count > 0 else {
            throw Missing(reason: "the \(role) topic \(topic) does not exist yet: create it with `fanfare apply`")
        }
        return count
    }

    // MARK: Plans

    /// Nil where attempts are not recorded.
    private func startReceipts() -> (topic: ReceiptTopic, thread: WorkerThread)? {
        guard configuration.receipts.enabled else { return nil }
        do throws(KafkaError) {
            let topic = try ReceiptTopic(kafka, topic: configuration.receiptsTopicName, log: log)
            state.withLock { $0.receipts = topic }
            return (topic, topic.start())
        } catch {
            log.error("attempts are not recorded: there is no producer for receipts", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    private func makePlans(retryPartitions: Int, _ receipts: ReceiptTopic?) -> [ShardPlan] {
        let limits = configuration.limits
        let count = limits.shards ?? max(1, ProcessorCount.online)
        let retry = configuration.retryTopic
        var lanes = retry.lanes
        if retryPartitions < lanes.count {
            lanes = Array(lanes.prefix(retryPartitions))
            log.warning(
                "the retry topic has fewer partitions than lanes; longer delays ride its last lane several times: run `fanfare apply`",
                metadata: ["topic": "\(configuration.retryTopicName)", "partitions": "\(retryPartitions)", "lanes": "\(retry.lanes.count)"])
        }
        var core = CoreOptions()
        core.commitInterval = configuration.commitInterval
        core.ringBytes = limits.ring
        core.recordMemory = max(limits.ring, limits.recordMemory / count)
        let connections = DescriptorBudget.ofThisProcess.connections
        if connections < limits.maxInFlight {
            log.warning(
                "the process may have too few descriptors for limits.maxInFlight; it has fewer requests in flight: raise its limit of open files (ulimit -n)",
                metadata: ["descriptors": "\(DescriptorBudget.ofThisProcess.limit)", "requests": "\(connections)", "maxInFlight": "\(limits.maxInFlight)"])
        }
        core.maxInFlight = max(1, min(limits.maxInFlight, connections) / count)
        core.shards = count
        core.lanes = lanes
        core.partitionsPerLane = max(1, min(retry.partitionsPerLane, retryPartitions / lanes.count))
        core.retryTopic = configuration.retryTopicName
        core.drainLimit = configuration.shutdown.grace
        // Validated before: wrong rules stop the start.
        let egress = (try? EgressRules(configuration.egress)) ?? .strict
        let proxy = configuration.egress.proxy.flatMap { try? Proxy($0) }
        return (0..<count).map { index in
            core.seed = SystemRandomNumberGenerator().seed()
            return ShardPlan(
                index: index, core: core, kafka: kafka, group: configuration.group, instanceID: instanceID.map { "\($0)-\(index)" },
                egress: egress, proxy: proxy, ownListeners: ownListeners, connections: max(1, connections / count), sessionTimeout: sessionTimeout, deadLetterPattern: configuration,
                receipts: receipts.map { (topic: $0, sample: ReceiptSample(configuration.receipts.sample)) },
                spans: spans.map { (exporter: $0, sample: TraceSample(configuration.tracing.sample)) }, schemas: schemas, notifier: notifier)
        }
    }
}

extension SystemRandomNumberGenerator {
    fileprivate func seed() -> UInt64 {
        var generator = self
        return generator.next()
    }
}
