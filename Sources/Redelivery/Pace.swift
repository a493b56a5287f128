internal import Glibc

/// Keeps to a rate.
struct Pace {
    private let rate: Double?
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var taken = 0

    /// - Parameter rate: per second; nil is as fast as it goes.
    init(_ rate: Double?) {
        self.rate = rate
        start = clock.now
    }

    /// Milliseconds until the next may go, at most 50; nil is now.
    func wait() -> Int? {
        guard let rate else { return nil }
        let left = start + .seconds(Double(taken) / rate) - clock.now
        guard left > .zero else { return nil }
        return max(1, min(50, Int(left / .milliseconds(1))))
    }

    mutating func take() { taken += 1 }

    func sleep(_ milliseconds: Int) { usleep(UInt32(milliseconds) * 1000) }
}
