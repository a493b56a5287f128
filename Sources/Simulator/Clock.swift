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

extension Replica {
    /// Sets its wall clock. A time that it has shown is past, though it may be to come once more.
    func setClock(_ clock: Clock, simulation: Simulation) {
        let before = simulation.wallTime(of: self)
        self.clock = clock
        if simulation.wallTime(of: self) < before { setBack = (max(before, setBack?.from ?? before), simulation.now) }
    }

    /// Whether a time is past on its clock, or was since something is known to it.
    func hasSeen(_ time: WallTime, _ wall: WallTime, knownSince: Instant) -> Bool {
        if time <= wall { return true }
        guard let setBack, knownSince <= setBack.at else { return false }
        return time <= setBack.from
    }
}
