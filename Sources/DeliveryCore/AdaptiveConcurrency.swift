import EventModel

/// How many requests an endpoint may have at once, between 1 and its limit: found out as TCP finds its congestion window
/// (slow start and congestion avoidance, RFC 5681 section 3.1), with requests in place of segments.
///
/// Up to the threshold, where it went well before, each success allows one more: twice as many with each round. Beyond it
/// a whole round of successes allows one more. A sign of overload (429, 503, no answer in time, a broken connection)
/// halves both, once for all the requests that were under way then.
package struct AdaptiveConcurrency {
    package private(set) var current: Int
    private var threshold: Int
    private let limit: Int
    /// Successes since the last step beyond the threshold.
    private var successes = 0
    /// What was sent before says nothing about the present number.
    private var halvedAt = Instant(nanoseconds: .min)

    /// - Parameter limit: At least 1.
    package init(limit: Int) {
        current = limit
        threshold = limit
        self.limit = limit
    }

    /// After an outage: nothing is known about how much the endpoint can take.
    mutating func startSlowly() {
        current = min(limit, 2)
        threshold = limit
        successes = 0
    }

    mutating func succeeded() {
        guard current < limit else { return }
        successes += 1
        guard current < threshold || successes >= current else { return }
        current += 1
        successes = 0
    }

    /// A request that was sent at this moment met an endpoint that has too much to do.
    mutating func overloaded(sentAt: Instant, now: Instant) {
        guard sentAt > halvedAt else { return }
        current = max(1, current / 2)
        threshold = current
        successes = 0
        halvedAt = now
    }
}
