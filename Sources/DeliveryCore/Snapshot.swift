public import EventModel

/// What the engine shows of itself: copied out once in a while, never touched by the engine again.
///
/// A process merges the snapshots of its shards with `merge`.
public struct CoreSnapshot: Sendable {
    /// Of files and of the API, that are not in force as they are written.
    public var subscriptionsRefused = 0
    public var subscriptions: [SubscriptionSnapshot] = []
    public var partitions: [PartitionSnapshot] = []
    public var recordsConsumed: UInt64 = 0
    /// Bytes of records the engine refers to, wherever they wait.
    public var recordBytes: Int = 0
    /// Offsets of the retry topic that Kafka deleted before they were settled.
    public var retriesLost: UInt64 = 0
    public var rebalances: UInt64 = 0
    /// Logs that were found to end before a cursor. The engine does not know.
    public var logsRenewed: UInt64 = 0
    /// Partitions that wait for the schema of their next record. What is known of schemas the engine does not know.
    public var partitionsAwaitingSchema: Int = 0
    /// Questions to the schema registry by their answers: found, not there, no answer.
    public var schemasFound: UInt64 = 0
    public var schemasUnknown: UInt64 = 0
    public var schemaRequestsFailed: UInt64 = 0
    /// Receipts that Kafka does not have. The engine does not know.
    public var receiptsLost: UInt64 = 0
    /// Spans by what became of them. The engine knows nothing of traces.
    public var spansExported: UInt64 = 0
    public var spansDropped: UInt64 = 0
    /// Events of Fanfare's own, of which the engine knows nothing: what Kafka took, and what it did not.
    public var notificationsWritten: UInt64 = 0
    public var notificationsLost: UInt64 = 0
    /// Of topics whose events are held to a catalog, which the engine does not know.
    public var validations: [String: ValidationCounters] = [:]
    /// By kind of client and broker. The engine does not know.
    public var kafka: [KafkaFigures] = []
    public var commits: UInt64 = 0
    public var commitFailures: UInt64 = 0
    public var commitDuration = Histogram(bounds: Histogram.durationBounds)
    /// Records read from the retry topic that wait in memory for their due time.
    public var retriesWaiting: Int = 0

    public init() {}

    /// Adds another shard's figures to these. Subscriptions are matched by name.
    public mutating func merge(_ other: CoreSnapshot) {
        guard !subscriptions.isEmpty else {
            // Nothing to match them with: not a second copy of ten thousand.
            subscriptions = other.subscriptions
            return mergeFigures(other)
        }
        var index: [String: Int] = [:]
        for (i, subscription) in subscriptions.enumerated() { index[subscription.name] = i }
        for subscription in other.subscriptions {
            if let i = index[subscription.name] {
                subscriptions[i].merge(subscription)
            } else {
                subscriptions.append(subscription)
            }
        }
        mergeFigures(other)
    }

    private mutating func mergeFigures(_ other: CoreSnapshot) {
        partitions += other.partitions
        recordsConsumed += other.recordsConsumed
        recordBytes += other.recordBytes
        retriesLost += other.retriesLost
        rebalances += other.rebalances
        logsRenewed += other.logsRenewed
        partitionsAwaitingSchema += other.partitionsAwaitingSchema
        schemasFound += other.schemasFound
        schemasUnknown += other.schemasUnknown
        schemaRequestsFailed += other.schemaRequestsFailed
        receiptsLost += other.receiptsLost
        spansExported += other.spansExported
        spansDropped += other.spansDropped
        notificationsWritten += other.notificationsWritten
        notificationsLost += other.notificationsLost
        validations.merge(other.validations, uniquingKeysWith: +)
        kafka.merge(other.kafka)
        commits += other.commits
        commitFailures += other.commitFailures
        commitDuration.merge(other.commitDuration)
        retriesWaiting += other.retriesWaiting
    }
}

/// What a topic's catalog said of its records, each time one was read.
public struct ValidationCounters: Sendable, Equatable {
    public var valid: UInt64 = 0
    public var reported: UInt64 = 0
    public var rejected: UInt64 = 0
    /// The catalog does not have their type.
    public var unlisted: UInt64 = 0

    public init() {}

    public static func + (a: ValidationCounters, b: ValidationCounters) -> ValidationCounters {
        var sum = a
        sum.valid += b.valid
        sum.reported += b.reported
        sum.rejected += b.rejected
        sum.unlisted += b.unlisted
        return sum
    }
}

public struct SubscriptionSnapshot: Sendable {
    public enum Circuit: Int, Sendable { case closed = 0, probing = 1, open = 2 }

    public var name: String
    public var topic: String
    public var owner: String
    public var enabled: Bool
    /// By an operator.
    public var paused: Bool
    public var suspended: Bool
    /// Why it is suspended or its circuit is open; one line, without secrets.
    public var reason: String
    public var circuit: Circuit
    /// When an open circuit lets the next probe out; of several shards the first.
    public var nextProbe: Instant?
    public var inFlight: Int
    /// The number of requests it may have in flight just now.
    public var concurrency: Int
    /// Events that wait in memory for the moment of their next attempt.
    public var waiting: Int
    /// Events behind one of their key that is not delivered yet; see `Ordering`.
    public var inLine: Int
    /// With `deduplicate`: events that are remembered.
    public var remembered: Int
    /// With `window`: those that are open.
    public var openWindows: Int
    /// With `window`: the least of its partitions' watermarks, of those that have any; windows that end before it, by their
    /// grace, are complete.
    public var watermark: WallTime?
    public var lags: [PartitionLag]
    /// Where it is nearest to what Kafka deletes. The engine does not know; nil while nobody does, or nothing is deleted.
    public var retention: RetentionMargin?
    /// When the client certificate that it shows ends. The engine does not know; nil where it shows none.
    public var certificateEnd: WallTime?
    public var counters: SubscriptionCounters

    public init(name: String, topic: String) {
        self.name = name
        self.topic = topic
        owner = ""
        enabled = true
        paused = false
        suspended = false
        reason = ""
        circuit = .closed
        inFlight = 0
        concurrency = 0
        waiting = 0
        inLine = 0
        remembered = 0
        openWindows = 0
        lags = []
        counters = SubscriptionCounters()
    }

    public mutating func merge(_ other: SubscriptionSnapshot) {
        paused = paused || other.paused
        suspended = suspended || other.suspended
        if other.circuit.rawValue > circuit.rawValue { circuit = other.circuit }
        if reason.isEmpty { reason = other.reason }
        if let theirs = other.nextProbe { nextProbe = min(nextProbe ?? theirs, theirs) }
        inFlight += other.inFlight
        concurrency += other.concurrency
        waiting += other.waiting
        inLine += other.inLine
        remembered += other.remembered
        openWindows += other.openWindows
        if let theirs = other.watermark { watermark = min(watermark ?? theirs, theirs) }
        lags += other.lags
        counters.merge(other.counters)
    }

    public var lag: Int64 { lags.reduce(0) { $0 + $1.records } }
}

public struct PartitionLag: Sendable {
    public var partition: Int32
    /// The cursor: the lowest unsettled offset.
    public var offset: Int64
    /// Records between the cursor and the end of the log, as far as known.
    public var records: Int64
    /// Timestamp of the oldest unsettled record, if known.
    public var oldest: WallTime?
    /// Whether the cursor has fallen out of the ring of recent records and is served by reading back.
    public var lagging: Bool
    /// How many of the records an endpoint need not be waited for: they are counted in open windows, or beside such.
    public var inWindows: Int64 = 0

    public init(partition: Int32, offset: Int64, records: Int64, oldest: WallTime?, lagging: Bool) {
        self.partition = partition
        self.offset = offset
        self.records = records
        self.oldest = oldest
        self.lagging = lagging
    }
}

/// Everything counted since the process started; each only grows.
public struct SubscriptionCounters: Sendable {
    /// Events that matched, once they are taken from their cursor's queue.
    public var routed: UInt64 = 0
    /// Events for which a filter met an error, so that they did not match it. The engine does not know.
    public var filterErrors: UInt64 = 0
    /// Events delivered in a payload version that is deprecated. The engine does not know.
    public var deprecatedDeliveries: UInt64 = 0
    /// Requests for access tokens. The engine does not know.
    public var tokenRequestsSucceeded: UInt64 = 0
    public var tokenRequestsFailed: UInt64 = 0
    /// Answers of endpoints that were asked for their consent, none among the refusals. The engine does not know.
    public var consentsGiven: UInt64 = 0
    public var consentsRefused: UInt64 = 0
    /// Attempts by result.
    public var attemptsSucceeded: UInt64 = 0
    public var attemptsToRetry: UInt64 = 0
    public var attemptsRefused: UInt64 = 0
    /// Events settled by a 2xx answer.
    public var deliveries: UInt64 = 0
    public var retriesScheduled: UInt64 = 0
    /// By `FailureKind`, in the order of `FailureKind.allCases`.
    public var deadLetters = Self.noDeadLetters
    /// Times that Kafka did not take a retry or dead-letter record, which is then produced again.
    public var diversionsRefused: UInt64 = 0
    public var drops: UInt64 = 0
    /// Events dropped because the same came before.
    public var repeats: UInt64 = 0
    /// Events forgotten before their time because there were too many, so that a repeat of them would be delivered.
    public var identitiesForgotten: UInt64 = 0
    public var circuitOpenings: UInt64 = 0
    /// Deliveries that may be repeated because their settlement was not committed when the partition was lost.
    public var duplicatesPossible: UInt64 = 0
    /// Offsets that Kafka deleted before they were settled; those that matched nothing, and gaps, are among them.
    public var recordsLost: UInt64 = 0
    public var attemptDuration = Histogram(bounds: Histogram.durationBounds)
    /// Record timestamp to first success.
    public var eventDelay = Histogram(bounds: Histogram.delayBounds)

    /// One array for all that have none.
    private static let noDeadLetters = [UInt64](repeating: 0, count: FailureKind.allCases.count)

    public init() {}

    public var deadLetterTotal: UInt64 { deadLetters.reduce(0, +) }

    public mutating func merge(_ other: SubscriptionCounters) {
        routed += other.routed
        filterErrors += other.filterErrors
        deprecatedDeliveries += other.deprecatedDeliveries
        tokenRequestsSucceeded += other.tokenRequestsSucceeded
        tokenRequestsFailed += other.tokenRequestsFailed
        consentsGiven += other.consentsGiven
        consentsRefused += other.consentsRefused
        attemptsSucceeded += other.attemptsSucceeded
        attemptsToRetry += other.attemptsToRetry
        attemptsRefused += other.attemptsRefused
        deliveries += other.deliveries
        retriesScheduled += other.retriesScheduled
        for i in deadLetters.indices where other.deadLetters[i] > 0 { deadLetters[i] += other.deadLetters[i] }
        diversionsRefused += other.diversionsRefused
        drops += other.drops
        repeats += other.repeats
        identitiesForgotten += other.identitiesForgotten
        circuitOpenings += other.circuitOpenings
        duplicatesPossible += other.duplicatesPossible
        recordsLost += other.recordsLost
        attemptDuration.merge(other.attemptDuration)
        eventDelay.merge(other.eventDelay)
    }
}

public struct PartitionSnapshot: Sendable {
    public var topic: String
    public var partition: Int32
    /// The next offset that will be read.
    public var position: Int64
    /// End of the log, as last heard; -1 when unknown.
    public var end: Int64
    public var ringBytes: Int
    public var draining: Bool
    /// Of a partition of the retry topic: records that were read and wait in memory for their due time.
    public var waiting = 0

    public init(topic: String, partition: Int32, position: Int64, end: Int64, ringBytes: Int, draining: Bool) {
        self.topic = topic
        self.partition = partition
        self.position = position
        self.end = end
        self.ringBytes = ringBytes
        self.draining = draining
    }
}

/// Counts in fixed buckets, as Prometheus shows them; upper bounds in seconds.
public struct Histogram: Sendable {
    public static let durationBounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    public static let delayBounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600, 3600, 21600, 86400]

    public let bounds: [Double]
    /// One more than `bounds`: the last counts what lies above all of them. Not cumulative.
    public var counts: [UInt64] { recorded.isEmpty ? Array(repeating: 0, count: bounds.count + 1) : recorded }
    public private(set) var sum: Double = 0
    /// Empty until there is something: of thousands of subscriptions most may have nothing.
    private var recorded: [UInt64] = []

    public init(bounds: [Double]) { self.bounds = bounds }

    public var count: UInt64 { recorded.reduce(0, +) }

    public mutating func record(_ seconds: Double) {
        var i = 0
        while i < bounds.count && seconds > bounds[i] { i += 1 }
        if recorded.isEmpty { recorded = counts }
        recorded[i] += 1
        sum += seconds
    }

    public mutating func merge(_ other: Histogram) {
        if other.recorded.isEmpty { return }
        if recorded.isEmpty { recorded = counts }
        for i in recorded.indices { recorded[i] += other.recorded[i] }
        sum += other.sum
    }
}
