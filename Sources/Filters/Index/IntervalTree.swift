/// Intervals of numbers, found by a number inside: sorted by their lower ends, as a balanced tree whose nodes know the
/// highest upper end below them.
struct IntervalTree {
    /// Both ends count as inside; filters that are found are run anyway.
    struct Interval {
        var low: Double
        var high: Double
        var filter: Int32
    }

    private var intervals: ContiguousArray<Interval>
    /// Of the subtree whose root stands at this place.
    private var highest: ContiguousArray<Double>

    init(_ intervals: [Interval]) {
        self.intervals = ContiguousArray(intervals.sorted { $0.low < $1.low })
        highest = ContiguousArray(repeating: -.infinity, count: intervals.count)
        _ = raise(0..<intervals.count)
    }

    private mutating func raise(_ range: Range<Int>) -> Double {
        if range.isEmpty { return -.infinity }
        let root = (range.lowerBound + range.upperBound) / 2
        highest[root] = max(intervals[root].high, raise(range.lowerBound..<root), raise(root + 1..<range.upperBound))
        return highest[root]
    }

    func find(_ number: Double, into found: inout CandidateSet) { find(number, 0..<intervals.count, &found) }

    private func find(_ number: Double, _ range: Range<Int>, _ found: inout CandidateSet) {
        if range.isEmpty { return }
        let root = (range.lowerBound + range.upperBound) / 2
        guard highest[root] >= number else { return }
        find(number, range.lowerBound..<root, &found)
        guard intervals[root].low <= number else { return }
        if intervals[root].high >= number { found.insert(intervals[root].filter) }
        find(number, root + 1..<range.upperBound, &found)
    }
}
