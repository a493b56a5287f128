import Redelivery
import Testing

@Suite("A job's pace") struct PaceTests {
    private let start = ContinuousClock.now

    /// Sends as fast as it may, and says when each went.
    private func sends(_ count: Int, _ pace: inout Pace, from now: ContinuousClock.Instant, taking cost: Duration = .zero) -> [Duration] {
        var now = now
        return (0..<count).map { _ in
            while let wait = pace.wait(at: now) { now += .milliseconds(wait) }
            pace.take(at: now)
            defer { now += cost }
            return now - start
        }
    }

    @Test func `is the rate, from the first one on`() {
        var pace = Pace(100, at: start)
        let times = sends(301, &pace, from: start)
        #expect(times.first == .zero)
        #expect(times.last! >= .seconds(3) && times.last! < .milliseconds(3010))
    }

    @Test func `does not wait longer than 50 ms at once, so that a job can be interrupted`() {
        var pace = Pace(0.001, at: start)
        #expect(pace.wait(at: start) == nil)
        pace.take(at: start)
        #expect(pace.wait(at: start) == 50)
        #expect(pace.wait(at: start + .seconds(999)) == 50)
        #expect(pace.wait(at: start + .seconds(1000)) == nil)
    }

    @Test func `makes up for a commit that took its time`() {
        var pace = Pace(100, at: start)
        _ = sends(50, &pace, from: start)
        let times = sends(51, &pace, from: start + .milliseconds(900))
        #expect(times.last! <= .milliseconds(1010), "as if there had been no commit")
    }

    @Test func `holds behind a long stretch in which there was nothing to send`() {
        var pace = Pace(100, at: start)
        _ = sends(1, &pace, from: start)
        let times = sends(1000, &pace, from: start + .seconds(60))
        let burst = times.filter { $0 == .seconds(60) }.count
        #expect(burst <= 101, "a second's worth at once, at most")
        #expect(times.last! >= .milliseconds(60_000 + 8_950), "\(times.last!)")
    }

    @Test func `is never faster than it should be because sending takes time`() {
        var pace = Pace(10, at: start)
        let times = sends(21, &pace, from: start, taking: .milliseconds(70))
        #expect(times.last! >= .seconds(2) && times.last! < .milliseconds(2100))
    }

    @Test func `without a rate is no wait at all`() {
        var pace = Pace(nil, at: start)
        #expect(sends(1000, &pace, from: start).last == .zero)
    }
}
