import EventModel

/// How fast a counter grows: a mean that forgets, over about ten seconds.
struct Pace: Sendable, Equatable {
    private var last: UInt64
    private var lookedAt: Instant
    private var value = 0.0

    private static let memory = 5.0

    init(_ count: UInt64, at now: Instant) {
        last = count
        lookedAt = now
    }

    /// - Parameter count: may be lower than before: what a partition counted goes with it to another replica.
    mutating func look(_ count: UInt64, at now: Instant) {
        let seconds = (now - lookedAt).seconds
        guard seconds > 0 else { return }
        let current = count > last ? Double(count - last) / seconds : 0
        let weight = min(1, seconds / Self.memory)
        value += (current - value) * weight
        last = count
        lookedAt = now
    }

    /// The same for what is told in steps.
    mutating func look(adding growth: UInt64, at now: Instant) { look(last + growth, at: now) }

    /// In one decimal; what is hardly anything is nothing.
    var perSecond: Double { (value * 10).rounded() / 10 }
}
