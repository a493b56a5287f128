import CLinux
import Control
import DeliveryCore
import Egress
import EventFormats
import EventLoop
import EventModel
import HTTPTransport
import KafkaClient
import Logging
import Spans

/// One shard: an engine, and the one thread that feeds it and performs its effects.
///
/// Everything happens in one loop. librdkafka's queues (by an eventfd), the transport's sockets and the engine's timers meet in
/// one epoll; nothing on the way of an event crosses a thread or takes a lock of ours. Shards of a process share nothing:
/// each is a member of the owner group like a replica of its own.
///
/// `ShardKafka`, `ShardReading`, `ShardCursors`, `ShardRequests` and `ShardDiversions` hold the parts; here is the turn of the loop.
final class Shard {
    let plan: ShardPlan
    let mailbox: ShardMailbox
    let lookups: Lookups
    let channel: ControlChannel
    let log: ShardLog
    let loop: EventLoop
    let transport: ChoosingTransport
    let consumer: GroupConsumer
    let readBack: SeekingReader
    var producer: RecordProducer
    let offsets: GroupOffsets

    var core: DeliveryCore
    var moment = Clock.moment()
    private var effects = ContiguousArray<Effect>()
    private var isPerforming = false

    // By engine index.
    var outlets: [Outlet?] = []
    var slots: RequestSlots
    /// Nil: attempts are not recorded.
    let receipts: ShardReceipts?
    /// Nil: no spans are made.
    let traces: ShardTraces?
    var references = References()
    /// Nil without a schema registry.
    let schemas: ShardSchemas?
    var routes: [String: TopicRoute] = [:]
    private let windows = ShardWindows()
    private let identities = ShardIdentities()
    private let filterErrors = SubscriptionCounts(\.filterErrors)
    /// By topic; of those whose events are held to a catalog.
    var validations: [String: ValidationCounters] = [:]
    let deprecatedDeliveries = SubscriptionCounts(\.deprecatedDeliveries)
    let tokenRequestsSucceeded = SubscriptionCounts(\.tokenRequestsSucceeded)
    let tokenRequestsFailed = SubscriptionCounts(\.tokenRequestsFailed)
    let consentsGiven = SubscriptionCounts(\.consentsGiven)
    let consentsRefused = SubscriptionCounts(\.consentsRefused)
    var kafkaStatistics = KafkaStatistics()
    /// Those that are under way, by what the transport calls them.
    var questions: [Int: Question] = [:]
    var lastQuestion = 0
    /// Partitions whose records are (or will be) read, by handle index.
    var readings: [PartitionReading?] = []
    var activeReadings: [PartitionReading] = []
    /// Where among them `readChunks` goes on.
    var nextChunk = 0
    /// What the group was last told that we want.
    var subscribedTopics: Set<String> = []

    let batch = RecordBatch()
    let readBuffer = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: Shard.readSize)
    static let readSize = 256
    var view: RecordView
    var traceIDs: TraceIDs

    /// Of the producer, while it has something to do.
    var lastProducerResult = Instant(nanoseconds: 0)

    /// Requests to Kafka without an answer.
    var requests: [UInt: KafkaRequest] = [:]
    var nextToken: UInt = 1
    private var delayed: [(due: Instant, action: Delayed)] = []
    enum Delayed {
        case fetch(CursorGroup, [PartitionHandle])
        case askMembership
        case markRepartitions(SubscriptionID, PartitionHandle)
    }

    /// After a stall it is not sure that we are still a member; the group has been asked.
    var isMembershipDoubted = false

    /// What is known of logs of partitions that were lost.
    var logMarks = LogMarks()
    var renewedLogs = RenewedLogs()
    /// How often a log was found to have been made anew.
    var renewals: UInt64 = 0

    /// Of topics whose number of partitions matters here.
    var partitionCounts: [String: Int] = [:]
    /// Requests to repartition topics, by their number.
    var repartitions: [UInt: RepartitionRequest] = [:]
    var nextRepartition: UInt = 0

    /// What the control topic says, and the cursors that are moving because of it.
    var control = ControlState()
    var seeks: [SeekUnderWay.Place: SeekUnderWay] = [:]

    /// Something was left unread: the loop must not sleep.
    var hasMore = false
    private var isStopping = false
    private var lastTime = Instant(nanoseconds: 0)
    private var nextShow = Instant(nanoseconds: 0)

    init(plan: ShardPlan, mailbox: ShardMailbox, lookups: Lookups, channel: ControlChannel, log: ShardLog) throws {
        self.plan = plan
        self.mailbox = mailbox
        self.lookups = lookups
        self.channel = channel
        self.log = log
        loop = try EventLoop()
        transport = ChoosingTransport(
            loop: loop, rules: plan.egress, ownListeners: plan.ownListeners, proxy: plan.proxy, maximumConnections: plan.connections)
        let signal = loop.signal.descriptor
        consumer = try GroupConsumer(plan.kafka, group: plan.group, instanceID: plan.instanceID, signal: signal)
        readBack = try SeekingReader(plan.kafka, signal: signal)
        producer = try RecordProducer(plan.kafka, signal: signal)
        offsets = GroupOffsets(sharing: consumer, signal: signal)
        core = DeliveryCore(options: plan.core)
        view = .none
        schemas = plan.schemas.map { _ in ShardSchemas() }
        slots = RequestSlots(receipts: plan.receipts.map { $0.sample }, traces: plan.spans != nil)
        receipts = plan.receipts.map { ShardReceipts($0.topic, group: plan.group, shard: plan.index) }
        traces = plan.spans.map { ShardTraces($0, plan) }
        traceIDs = TraceIDs(seed: plan.core.seed)
        core.contents = windows
        core.identities = identities
        transport.delegate = self
        mailbox.connect(loop.signal)
    }

    deinit { readBuffer.deallocate() }

    /// Runs until the shard has stopped.
    func run() {
        lastTime = Clock.moment().instant
        while true {
            loop.run(until: sleepUntil().nanoseconds)
            takeTime()
            takeMessages()
            pollKafka()
            hasMore = false
            readHeads()
            readChunks()
            if let due = core.nextWakeup, due <= moment.instant { step(.tick) }
            runDelayed()
            if moment.instant >= nextShow { show() }
            // Without a cluster there is nobody to say good-bye to.
            if isStopping, (consumer.isClosed && producer.outstanding == 0) || moment.instant > stopDeadline { break }
        }
        traces?.handOver()
        mailbox.show { $0.isFinished = true }
    }

    private var stopDeadline = Instant.distantFuture

    private func sleepUntil() -> Instant {
        if hasMore { return Instant(nanoseconds: 0) }
        var until = moment.instant + (isStopping ? .milliseconds(20) : .milliseconds(500))
        if let due = core.nextWakeup, due < until { until = due }
        for entry in delayed where entry.due < until { until = entry.due }
        return until
    }

    // MARK: Steps

    /// Feeds the engine and performs what it decides. Within a performance the engine only appends to what is performed.
    func step(_ input: Input) {
        decide(input)
        performDecisions()
    }

    /// Feeds the engine; `performDecisions` has to follow.
    func decide(_ input: Input) { core.step(input, at: moment, into: &effects) }

    func performDecisions() {
        guard !isPerforming else { return }
        isPerforming = true
        var next = 0
        while next < effects.count {
            perform(effects[next])
            next += 1
        }
        effects.removeAll(keepingCapacity: true)
        isPerforming = false
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .release(let token): KafkaRecord(bits: token.bits).destroy()
        case .attempt(let id): startRequest(id)
        case .cancel(let id): cancelRequest(id)
        case .divert(let id): divert(id)
        case .commit(let group, let cursors): commit(group, cursors)
        case .loadCursors(let group, let handles): fetchCursors(group, handles)
        case .resolveStart(let group, let handle, let start): findStart(group, handle, start)
        case .startReading(let handle, let offset): startReading(handle, at: offset)
        case .readChunk(let handle, let from, let until): startChunk(handle, from: from, until: until)
        case .released(let handle): letGo(handle)
        case .report(let report):
            log.tell(report, core) { self.eventID($0, of: $1) }
            heed(report)
            notify(report)
        }
    }

    // MARK: Waiting

    func after(_ delay: TimeSpan, _ action: Delayed) { delayed.append((moment.instant + delay, action)) }

    private func runDelayed() {
        guard delayed.contains(where: { $0.due <= moment.instant }) else { return }
        let due = delayed.filter { $0.due <= moment.instant }
        delayed.removeAll { $0.due <= moment.instant }
        for entry in due {
            switch entry.action {
            case .fetch(let group, let handles): fetchCursors(group, handles)
            case .askMembership: askMembership()
            case .markRepartitions(let subscription, let source): markIsDue(subscription, source)
            }
        }
    }

    /// Looks at the clocks. Whatever may have waited for the process to be woken calls this before anything else: half a
    /// session without a turn (a suspended machine, a debugger), and the group may have gone on without us.
    func takeTime() {
        moment = Clock.moment()
        let gap = moment.instant - lastTime
        lastTime = moment.instant
        if gap > plan.sessionTimeout * 0.5, !isMembershipDoubted, !core.owned.isEmpty {
            log.logger.warning("the process stood still; asking the group whether it went on without us", metadata: ["for": "\(gap)"])
            isMembershipDoubted = true
            step(.membershipDoubted)
            askMembership()
        }
    }

    private func takeMessages() {
        for message in mailbox.takeAll() {
            switch message {
            case .manifests(let topics): install(topics)
            case .control(let news): obey(news)
            case .cursorsFetched(let group, let handles, let answer): cursorsFetched(group, handles, answer)
            case .startFound(let group, let handle, let offset): step(.startResolved(group, handle, offset: offset))
            case .boundsFound(let handle, let start, let end, let chunk): boundsFound(handle, start, end, chunk: chunk)
            case .cursorChecked(let group, let handle, let stored, let start, let end):
                cursorChecked(group, handle, stored, start, end)
            case .logChecked(let partition, let mark, let isRenewed, let start, let end):
                logChecked(partition, mark, isRenewed: isRenewed, start: start, end: end)
            case .valueFound(let fetch, let record, let value): valueFound(fetch, of: record, value)
            case .schemaFound(let id, let answer): schemaFound(id, answer)
            case .partitionCounts(let counts):
                partitionCounts.merge(counts) { $1 }
                for (topic, count) in counts { step(.partitionCount(topic: topic, count)) }
            case .endsKnown(let ends, let asked):
                for reading in activeReadings {
                    let name = TopicPartitionName(topic: reading.partition.topic, partition: reading.partition.partition)
                    guard let end = ends[name] else { continue }
                    step(.endKnown(reading.handle, offset: end, asked: asked))
                    markIfIdle(reading, end: end)
                }
            case .stop:
                guard !isStopping else { continue }
                isStopping = true
                stopDeadline = moment.instant + plan.core.drainLimit + .seconds(5)
                consumer.beginClose()
            }
        }
    }

    private func show() {
        // What it shows of ten thousand subscriptions takes its time: it gets a twentieth of the shard's, but is not long in coming.
        let began = Clock.moment().instant
        defer { nextShow = moment.instant + max(.milliseconds(250), min(.seconds(5), (Clock.moment().instant - began) * 20)) }
        traces?.handOver()
        var snapshot = core.snapshot()
        snapshot.logsRenewed = renewals
        snapshot.partitionsAwaitingSchema = activeReadings.count { $0.pause != nil || $0.chunkPause != nil }
        snapshot.validations = validations
        snapshot.kafka = kafkaStatistics.figures
        for counts in [filterErrors, deprecatedDeliveries, tokenRequestsSucceeded, tokenRequestsFailed, consentsGiven, consentsRefused] {
            counts.fill(&snapshot)
        }
        let failure = consumer.fatalError.map { "\($0)" }
        let hasJoined = !activeReadings.isEmpty || !readings.isEmpty
        mailbox.show { status in
            status.snapshot = snapshot
            status.turned = moment.instant
            status.failure = failure
            status.hasJoined = status.hasJoined || hasJoined
        }
        closeIdleChunkQueues()
    }

    // MARK: Manifests

    private func install(_ topics: [TopicManifest]) {
        step(.subscriptions(topics.flatMap(\.subscriptions)))
        holdSubscriptions()
        startSeeks()
        // The group takes its time to answer, in which the rest is made.
        subscribe(to: topics)
        var renewed: Set<Int> = []
        var waited: [DeliveryID] = []
        let before = routes
        routes = [:]
        for manifest in topics where !manifest.subscriptions.isEmpty {
            var matched: [(slot: Int32, policy: Subscription)] = []
            let ids = core.slots(ofTopic: manifest.topic)
            for (slot, id) in ids.enumerated() {
                if let id { matched.append((Int32(slot), core.subscription(id))) }
            }
            let route: TopicRoute
            if let known = before[manifest.topic], known.decodes(manifest, for: matched) {
                known.install(matched, manifest)
                route = known
            } else {
                route = TopicRoute(manifest, subscriptions: matched, errors: filterErrors, schemas: schemas)
            }
            routes[manifest.topic] = route
            if route.catalog != nil { validations[manifest.topic] = validations[manifest.topic] ?? ValidationCounters() }
            for case let id? in ids {
                while outlets.count <= id.index { outlets.append(nil) }
                let policy = core.subscription(id)
                renewed.insert(id.index)
                if let same = outlets[id.index], let outlet = Outlet(same, policy: policy, route: route) {
                    // Its connections stay open.
                    outlets[id.index] = outlet
                    continue
                }
                waited += outlets[id.index]?.close(transport) ?? []
                let outlet = Outlet(policy: policy, route: route, transport: transport)
                if !outlet.problem.isEmpty {
                    log.logger.error("nothing can be delivered", metadata: ["subscription": "\(policy.name)", "reason": "\(outlet.problem)"])
                }
                outlets[id.index] = outlet
                step(.allowedRate(id, outlet.consent == nil ? nil : EndpointConsent.rateBefore))
            }
        }
        for index in outlets.indices where !renewed.contains(index) {
            waited += outlets[index]?.close(transport) ?? []
            outlets[index] = nil
        }
        traces?.forgetOrigins()
        for id in waited { startRequest(id) }
        let current = outlets.lazy.map { $0.map { (policy: $0.policy, decoder: $0.route.decoder) } }
        windows.install(current)
        identities.install(current)
        for reading in activeReadings { reading.route = routes[reading.partition.topic] }
        // What making thousands of them took stays with the allocator otherwise.
        malloc_trim(0)
    }

    private func subscribe(to manifests: [TopicManifest]) {
        var topics = Set(manifests.filter { !$0.subscriptions.isEmpty }.map(\.topic))
        topics.insert(plan.core.retryTopic)
        guard topics != subscribedTopics else { return }
        subscribedTopics = topics
        do {
            try consumer.subscribe(topics.sorted())
        } catch {
            log.logger.error("cannot subscribe to the topics", metadata: ["reason": "\(error)"])
        }
    }
}

/// What a shard is told at its start.
struct ShardPlan: Sendable {
    /// Among the shards of the process.
    var index: Int
    var core: CoreOptions
    var kafka: KafkaConfiguration
    var group: String
    var instanceID: String?
    var egress: EgressRules
    var proxy: Proxy?
    var ownListeners: OwnListeners
    /// Its part of the process's connections to endpoints.
    var connections: Int
    var sessionTimeout: TimeSpan
    var deadLetterPattern: BridgeConfiguration
    /// Nil: attempts are not recorded.
    var receipts: (topic: ReceiptTopic, sample: ReceiptSample)?
    /// Nil: no spans are made.
    var spans: (exporter: SpanExporter, sample: TraceSample)?
    /// Nil without a schema registry.
    var schemas: SchemaLookups?
    /// Nil where nothing is published.
    var notifier: Notifier?
}

/// Numbers for `traceparent` headers started here; unique enough, not secret.
package struct TraceIDs {
    private var state: UInt64
    package init(seed: UInt64) { state = seed | 1 }

    mutating func next() -> UInt64 {
        // xorshift64* (Vigna 2016).
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
