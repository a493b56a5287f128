import DeliveryCore
import EventModel

/// `GET /api/v1/subscriptions`: the property names are the JSON's.
struct SubscriptionList: Encodable {
    var subscriptions: [SubscriptionSummary]

    init(_ snapshot: CoreSnapshot, at now: WallTime) {
        subscriptions = snapshot.subscriptions.map { SubscriptionSummary($0, at: now) }
    }
}

struct SubscriptionSummary: Encodable {
    var name: String
    var topic: String
    var owner: String
    var state: String
    /// Why it is in that state; empty when there is nothing to say.
    var reason: String
    var circuit: String
    var inFlight: Int
    var concurrency: Int
    /// Events that wait in memory for the moment of their next attempt.
    var waiting: Int
    /// With `window`: those that are open.
    var openWindows: Int
    /// With `window`: unix milliseconds of the least watermark of its partitions; left out before the first event.
    var watermark: Int64?
    /// In records; with `window`, those that open windows hold are among them.
    var lag: Int64
    /// Age of the oldest unsettled record; left out when it is not known.
    var lagSeconds: Double?
    var counters: CounterValues

    init(_ subscription: SubscriptionSnapshot, at now: WallTime) {
        name = subscription.name
        topic = subscription.topic
        owner = subscription.owner
        state = Self.state(of: subscription)
        reason = subscription.reason
        circuit = Self.word(for: subscription.circuit)
        inFlight = subscription.inFlight
        concurrency = subscription.concurrency
        waiting = subscription.waiting
        openWindows = subscription.openWindows
        watermark = subscription.watermark?.milliseconds
        lag = subscription.lag
        lagSeconds = subscription.lagSeconds(at: now)
        counters = CounterValues(subscription.counters)
    }

    /// The most important thing to say about it, in one word.
    private static func state(of subscription: SubscriptionSnapshot) -> String {
        if !subscription.enabled { return "disabled" }
        if subscription.paused { return "paused" }
        if subscription.suspended { return "suspended" }
        switch subscription.circuit {
        case .open: return "circuit-open"
        case .probing: return "probing"
        case .closed: return subscription.waiting > 0 ? "retrying" : "delivering"
        }
    }

    private static func word(for circuit: SubscriptionSnapshot.Circuit) -> String {
        switch circuit {
        case .closed: "closed"
        case .probing: "probing"
        case .open: "open"
        }
    }
}

/// `GET /api/v1/subscriptions/{name}`.
struct SubscriptionDetail: Encodable {
    var subscription: SubscriptionSummary
    /// One per partition that this replica owns.
    var cursors: [Cursor]

    init(_ subscription: SubscriptionSnapshot, at now: WallTime) {
        self.subscription = SubscriptionSummary(subscription, at: now)
        cursors = subscription.lags.map(Cursor.init)
    }

    func encode(to encoder: any Encoder) throws {
        try subscription.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(cursors, forKey: .cursors)
    }

    private enum CodingKeys: CodingKey { case cursors }

    struct Cursor: Encodable {
        var partition: Int32
        /// The lowest unsettled offset.
        var offset: Int64
        var lag: Int64
        /// Unix milliseconds of the oldest unsettled record.
        var oldest: Int64?
        /// Whether it is served by reading back, outside the ring of recent records.
        var lagging: Bool

        init(_ lag: PartitionLag) {
            partition = lag.partition
            offset = lag.offset
            self.lag = lag.records
            oldest = lag.oldest?.milliseconds
            lagging = lag.lagging
        }
    }
}

struct CounterValues: Encodable {
    var routed: UInt64
    var attempts: UInt64
    var attemptsSucceeded: UInt64
    var attemptsToRetry: UInt64
    var attemptsRefused: UInt64
    var deliveries: UInt64
    var retriesScheduled: UInt64
    var deadLetters: UInt64
    /// Only the kinds that occurred.
    var deadLettersByKind: [String: UInt64]
    var drops: UInt64
    var repeats: UInt64
    var circuitOpenings: UInt64
    var duplicatesPossible: UInt64

    init(_ counters: SubscriptionCounters) {
        routed = counters.routed
        attempts = counters.attemptsSucceeded + counters.attemptsToRetry + counters.attemptsRefused
        attemptsSucceeded = counters.attemptsSucceeded
        attemptsToRetry = counters.attemptsToRetry
        attemptsRefused = counters.attemptsRefused
        deliveries = counters.deliveries
        retriesScheduled = counters.retriesScheduled
        deadLetters = counters.deadLetterTotal
        deadLettersByKind = [:]
        for (kind, count) in zip(FailureKind.allCases, counters.deadLetters) where count > 0 {
            deadLettersByKind[kind.rawValue] = count
        }
        drops = counters.drops
        repeats = counters.repeats
        circuitOpenings = counters.circuitOpenings
        duplicatesPossible = counters.duplicatesPossible
    }
}

extension SubscriptionSnapshot {
    /// Age of its oldest unsettled record: zero when it has caught up, nil when it has not and no age is known.
    func lagSeconds(at now: WallTime) -> Double? {
        let behind = lags.lazy.filter { $0.records > $0.inWindows }
        if let oldest = behind.compactMap(\.oldest).min() { return max(0, (now - oldest).seconds) }
        return behind.isEmpty ? 0 : nil
    }
}
