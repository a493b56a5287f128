package import DeliveryCore

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
