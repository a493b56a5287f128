internal import Glibc

/// Keeps to a rate.
struct Pace {
    private let rate: Double?
    private let clock = ContinuousClock()
    /// When the next may go.
    private var due: ContinuousClock.Instant

    /// What a commit or a long sleep took is made up for. Of time in which there was nothing to send no more than this is: otherwise
    /// the records behind a long stretch of others would go as fast as they can.
    private static let slack = Duration.seconds(1)

    /// - Parameter rate: per second; nil is as fast as it goes.
    init(_ rate: Double?) {
        self.rate = rate
        due = clock.now
    }

    /// Milliseconds until the next may go, at most 50; nil is now.
    func wait() -> Int? {
        guard rate != nil else { return nil }
        let left = due - clock.now
        guard left > .zero else { return nil }
        return max(1, min(50, Int(left / .milliseconds(1))))
    }

    mutating func take() {
        guard let rate else { return }
        due = max(due, clock.now - Self.slack) + .seconds(1 / rate)
    }

    func sleep(_ milliseconds: Int) { usleep(UInt32(milliseconds) * 1000) }
}
