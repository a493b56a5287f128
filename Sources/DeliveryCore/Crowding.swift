import EventModel

/// When retry records that a subscription has no room for may come again.
///
/// More of them may come due than it can take: a redrive of many dead letters, say. They must not wait in their lane,
/// before the records of others, so they are sent away; each is given the time at which it will have its turn, one after
/// the other, as fast as the subscription takes events. Nobody is sent away for longer than it has waited already: an
/// endpoint may turn out to be faster than it was, and how often a record is written grows with the logarithm of its wait.
struct Crowding {
    /// When the last one that was sent away has its turn.
    private var lastTurn = Instant(nanoseconds: 0)
    /// From one turn to the next.
    private var pace = TimeSpan.milliseconds(1) * 0.2
    private var sample: (taken: UInt64, at: Instant)? = nil

    private static let shortest = TimeSpan.seconds(1)
    /// For those that have hardly waited.
    private static let longestAtFirst = TimeSpan.seconds(5)
    private static let sampleLength = TimeSpan.seconds(1)
    /// Turns come that much faster than events were taken, so that the endpoint is never idle, and its pace can grow.
    private static let optimism = 1.5

    /// - Parameters:
    ///   - taken: events that the subscription has taken, all of them.
    ///   - waited: for how long it has been waited for this one.
    mutating func delay(taken: UInt64, waited: TimeSpan, at now: Instant) -> TimeSpan {
        measure(taken, now)
        lastTurn = max(lastTurn, now + Self.shortest) + pace
        lastTurn = min(lastTurn, now + max(Self.longestAtFirst, waited))
        return lastTurn - now
    }

    /// Over the time in which it is crowded: while it is not, it may take fewer events than it could.
    private mutating func measure(_ taken: UInt64, _ now: Instant) {
        guard let start = sample, now - start.at < Self.sampleLength * 3 else {
            sample = (taken, now)
            return
        }
        let elapsed = now - start.at
        guard elapsed >= Self.sampleLength else { return }
        pace = taken > start.taken ? elapsed * (1 / (Self.optimism * Double(taken - start.taken))) : elapsed
        sample = (taken, now)
    }
}
