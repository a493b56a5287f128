public import DeliveryCore
public import EventModel

/// Everything that the demo's picture shows, as plain values.
public struct DemoState: Sendable {
    /// One sentence: what is going on, and what to look at.
    public var headline = ""
    /// Nil: until it is stopped.
    public var secondsLeft: Int?
    public var topics: [DemoTopic] = []
    public var subscriptions: [DemoSubscription] = []
    /// What the receiver saw last, newest first.
    public var deliveries: [DemoDelivery] = []
    /// In ascending order of their delays.
    public var lanes: [RetryLane] = []
    /// Newest first.
    public var deadLetters: [DemoDeadLetter] = []
    /// Where to look in a browser; nil hides it.
    public var console: String?

    public init() {}
}

/// One topic that the demo produces to.
public struct DemoTopic: Sendable {
    public var name: String
    public var produced: UInt64
    /// Events per second in the last seconds, oldest first.
    public var rates: [Double]

    public init(name: String, produced: UInt64, rates: [Double]) {
        self.name = name
        self.produced = produced
        self.rates = rates
    }
}

/// One row of the table of subscriptions.
public struct DemoSubscription: Sendable {
    public enum State: Sendable, Equatable {
        /// Nothing to do just now.
        case idle
        case delivering
        case retrying
        /// The circuit is half open: one request finds out whether the endpoint is back.
        case probing
        /// `nextProbe` in seconds, where known.
        case circuitOpen(nextProbe: Int?)
        case suspended
        /// By an operator, as in the demo's console.
        case paused
        case disabled
    }

    public var name: String
    public var topic: String
    public var endpoint: String
    public var state: State
    /// Why, in one line; empty when there is nothing to say.
    public var reason: String
    /// Records that it is behind.
    public var lag: Int64
    public var delivered: UInt64
    public var retries: UInt64
    public var deadLetters: UInt64

    public init(name: String, topic: String, endpoint: String, state: State = .idle, reason: String = "") {
        self.name = name
        self.topic = topic
        self.endpoint = endpoint
        self.state = state
        self.reason = reason
        lag = 0
        delivered = 0
        retries = 0
        deadLetters = 0
    }

    /// What the engine says of it.
    ///
    /// - Parameters:
    ///   - previous: the snapshot of the picture before: what has moved since tells delivering and retrying from idle.
    ///   - nextProbe: seconds until the next probe of an open circuit, where known.
    public init(_ now: SubscriptionSnapshot, previous: SubscriptionSnapshot?, endpoint: String, nextProbe: Int? = nil) {
        self.init(name: now.name, topic: now.topic, endpoint: endpoint, reason: now.reason)
        lag = now.lag
        delivered = now.counters.deliveries
        retries = now.counters.attemptsToRetry
        deadLetters = now.counters.deadLetterTotal
        let before = previous?.counters ?? SubscriptionCounters()
        if !now.enabled {
            state = .disabled
        } else if now.paused {
            state = .paused
        } else if now.suspended {
            state = .suspended
        } else if now.circuit == .open {
            state = .circuitOpen(nextProbe: nextProbe)
        } else if now.circuit == .probing {
            state = .probing
        } else if now.waiting > 0 || retries > before.attemptsToRetry {
            state = .retrying
        } else if now.inFlight > 0 || delivered > before.deliveries {
            state = .delivering
        }
    }
}

/// One request as the receiver saw it.
public struct DemoDelivery: Sendable {
    public enum Signature: Sendable { case verified, wrong, none }

    public var subscription: String
    public var eventType: String
    public var signature: Signature
    public var attempt: Int
    public var status: Int
    public var repeated: Bool

    public init(subscription: String, eventType: String, signature: Signature, attempt: Int, status: Int, repeated: Bool = false) {
        self.subscription = subscription
        self.eventType = eventType
        self.signature = signature
        self.attempt = attempt
        self.status = status
        self.repeated = repeated
    }
}

public struct DemoDeadLetter: Sendable {
    public var subscription: String
    /// The event's id, or its type: what a reader recognizes.
    public var event: String
    public var reason: String

    public init(subscription: String, event: String, reason: String) {
        self.subscription = subscription
        self.event = event
        self.reason = reason
    }
}

/// A lane of the retry topic and how many events wait in it.
public struct RetryLane: Sendable, Equatable {
    public var delay: TimeSpan
    public var waiting: Int64

    public init(delay: TimeSpan, waiting: Int64) {
        self.delay = delay
        self.waiting = waiting
    }

    /// Counts what waits in the retry topic's partitions, read already or not: partition p belongs to lane p mod the number
    /// of lanes.
    public static func lanes(of snapshot: CoreSnapshot, retryTopic: String, delays: [TimeSpan]) -> [RetryLane] {
        var lanes = delays.map { RetryLane(delay: $0, waiting: 0) }
        for partition in snapshot.partitions where partition.topic == retryTopic && !lanes.isEmpty {
            let unread = max(0, partition.end - partition.position)
            lanes[Int(partition.partition) % lanes.count].waiting += unread + Int64(partition.waiting)
        }
        return lanes
    }
}

/// Turns a growing count into events per second, one value per call, for a sparkline.
public struct RateHistory: Sendable {
    /// Oldest first.
    public private(set) var rates: [Double] = []
    private let capacity: Int
    private var last: (count: UInt64, at: Instant)?

    public init(capacity: Int = 60) { self.capacity = capacity }

    public mutating func record(_ count: UInt64, at now: Instant) {
        defer { last = (count, now) }
        guard let last, now > last.at else { return }
        rates.append(Double(count - min(count, last.count)) / (now - last.at).seconds)
        if rates.count > capacity { rates.removeFirst() }
    }
}
