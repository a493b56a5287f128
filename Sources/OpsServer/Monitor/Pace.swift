package import DeliveryCore
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

extension Histogram {
    /// The time in seconds below which a part of what was counted since an earlier look lies, as exact as the buckets are; nil where
    /// nothing was counted.
    package func quantile(_ part: Double, since earlier: [UInt64]) -> Double? {
        let added = zip(counts, earlier).map { $0 > $1 ? $0 - $1 : 0 }
        let total = added.reduce(0, +)
        guard total > 0 else { return nil }
        let rank = part * Double(total)
        var before = 0.0
        for (index, count) in added.enumerated() where count > 0 {
            let upTo = before + Double(count)
            if upTo >= rank {
                guard index < bounds.count else { return bounds.last }
                let lower = index == 0 ? 0 : bounds[index - 1]
                return lower + (bounds[index] - lower) * (rank - before) / Double(count)
            }
            before = upTo
        }
        return bounds.last
    }
}
