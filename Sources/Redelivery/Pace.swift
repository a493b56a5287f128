/// Keeps to a rate. What the time is, it is told.
package struct Pace {
    package typealias Instant = ContinuousClock.Instant

    private let rate: Double?
    /// When the next may go.
    private var due: Instant

    /// What a commit or a long sleep took is made up for. Of time in which there was nothing to send no more than this is: otherwise
    /// the records behind a long stretch of others would go as fast as they can.
    private static let slack = Duration.seconds(1)

    /// - Parameter rate: per second; nil is as fast as it goes.
    package init(_ rate: Double?, at now: Instant) {
        self.rate = rate
        due = now
    }

    /// Milliseconds until the next may go, at most 50; nil is now.
    package func wait(at now: Instant) -> Int? {
        guard rate != nil, due > now else { return nil }
        return max(1, min(50, Int((due - now) / .milliseconds(1))))
    }

    /// One goes.
    package mutating func take(at now: Instant) {
        guard let rate else { return }
        due = max(due, now - Self.slack) + .seconds(1 / rate)
    }
}
