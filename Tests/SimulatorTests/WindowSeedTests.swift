import EventModel
import Simulator
import Testing

/// A few seeds of the world of windows; `make test-simulator` runs thousands.
@Suite struct WindowSeedTests {
    @Test func `windows come as the log makes them, whatever goes wrong`() {
        for seed in 1...100 as ClosedRange<UInt64> {
            let result = WindowSimulation(.random(seed: seed)).run()
            guard result.violations.isEmpty else {
                Issue.record("seed \(seed): \(result.violations[0])\nfanfare-simulate windows replay \(seed)")
                return
            }
        }
    }

    @Test func `a seed decides everything`() {
        for seed: UInt64 in [1, 7, 42, 302] {
            let first = WindowSimulation(.random(seed: seed)).run()
            let second = WindowSimulation(.random(seed: seed)).run()
            #expect(first.digest == second.digest)
            #expect(first.steps == second.steps)
        }
    }

    /// A check of nothing finds nothing.
    @Test func `there is much to find`() {
        let results = (1...60).map { WindowSimulation(.random(seed: $0)).run() }
        #expect(results.reduce(0) { $0 + $1.windows } > 1000)
        #expect(results.reduce(0) { $0 + $1.late } > 100)
        #expect(results.reduce(0) { $0 + $1.advances } > 100)
        #expect(results.reduce(0) { $0 + $1.crashes } > 10)
        #expect(results.reduce(0) { $0 + $1.repeated } > 10)
    }
}
