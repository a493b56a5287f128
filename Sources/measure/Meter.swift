import Glibc

/// Events per second of this thread's processor time: what others do on the machine counts less.
enum Meter {
    /// Of this many events the pool has; a power of two.
    static let pool = 1024

    /// Where others share the core's caches and units, processor time counts for less: the best of so many parts is given.
    private static let parts = 5

    static func measure(seconds: Double, _ match: (Int, inout ContiguousArray<Int32>) -> Void) -> Double {
        var matches = ContiguousArray<Int32>()
        var events = 0
        func run(_ number: Int) {
            for _ in 0..<number {
                matches.removeAll(keepingCapacity: true)
                match(events & (pool - 1), &matches)
                events += 1
            }
        }
        // Memory grows, caches fill.
        run(16)
        return (0..<parts).map { _ in
            let start = processorTime()
            let before = events
            var elapsed = 0.0
            while elapsed < seconds / Double(parts) {
                run(16)
                elapsed = processorTime() - start
            }
            return Double(events - before) / elapsed
        }.max()!
    }

    /// Of this thread's processor time.
    static func milliseconds(_ body: () -> Void) -> Double {
        let start = processorTime()
        body()
        return (processorTime() - start) * 1000
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
