import DeliveryCore
package import EventModel

/// What a subscription did in the last hour, a sample every ten seconds.
package struct History: Sendable {
    package struct Sample: Sendable {
        /// The end of the stretch that it is about.
        package var at: WallTime
        /// Events per second that the endpoint accepted.
        package var delivered: Float
        /// Attempts per second that failed.
        package var failed: Float
        /// In records, at the end.
        package var lag: Float
        /// Seconds that half of the attempts took at most; NaN where none ended, as in the next two.
        package var median: Float
        /// The same of 99 of 100 attempts.
        package var slowest: Float
        /// From the record's timestamp to the first success, for 99 of 100 events.
        package var delay: Float
    }

    static let interval = TimeSpan.seconds(10)
    /// An hour; less where there are so many subscriptions that it would take more than about 20 MB.
    static func capacity(subscriptions: Int) -> Int { min(360, 600_000 / max(1, subscriptions)) }

    private var ring: [Sample] = []
    private var next = 0
    private var before: SubscriptionCounters
    private var lookedAt: Instant

    init(_ counters: SubscriptionCounters, at now: Instant) {
        before = counters
        lookedAt = now
    }

    /// From the oldest on.
    var samples: [Sample] { Array(ring[next...]) + Array(ring[..<next]) }

    var last: Sample? { ring.isEmpty ? nil : ring[(next + ring.count - 1) % ring.count] }

    mutating func take(_ snapshot: SubscriptionSnapshot, at now: Moment, capacity: Int) {
        let counters = snapshot.counters
        let seconds = (now.instant - lookedAt).seconds
        guard seconds > 0, capacity > 0 else { return }
        func pace(_ count: (SubscriptionCounters) -> UInt64) -> Float {
            let (new, old) = (count(counters), count(before))
            return new > old ? Float(Double(new - old) / seconds) : 0
        }
        let attempts = before.attemptDuration.counts
        func told(_ value: Double?) -> Float { value.map { Float($0) } ?? .nan }
        let sample = Sample(
            at: now.wall, delivered: pace(\.deliveries), failed: pace { $0.attemptsToRetry + $0.attemptsRefused },
            lag: Float(max(0, snapshot.lag)), median: told(counters.attemptDuration.quantile(0.5, since: attempts)),
            slowest: told(counters.attemptDuration.quantile(0.99, since: attempts)),
            delay: told(counters.eventDelay.quantile(0.99, since: before.eventDelay.counts)))
        before = counters
        lookedAt = now.instant
        if ring.count > capacity || ring.count < capacity && next > 0 {
            // The number of subscriptions has changed.
            ring = samples.suffix(capacity)
            next = 0
        }
        if ring.count < capacity {
            ring.append(sample)
        } else {
            ring[next] = sample
            next = (next + 1) % ring.count
        }
    }
}
