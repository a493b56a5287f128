import EventModel

/// A replica's own wall clock. Its monotonic clock is the world's; this one may be wrong, run too fast or slow, and jump.
struct Clock {
    /// By how much it is ahead of the true time, apart from its drift.
    var offset = TimeSpan.zero
    /// Nanoseconds gained in each second.
    var drift = 0.0

    func reads(at now: Instant) -> TimeSpan { TimeSpan(nanoseconds: now.nanoseconds) + offset + TimeSpan(nanoseconds: Int64(Double(now.nanoseconds) * drift / 1e9)) }
}

extension Simulation {
    /// What a replica sees on its clocks.
    func moment(of replica: Replica) -> Moment { Moment(instant: now, wall: wallTime(of: replica)) }

    func wallTime(of replica: Replica) -> WallTime {
        WallTime(milliseconds: Self.startOfWallClock + replica.clock.reads(at: now).nanoseconds / 1_000_000)
    }
}
