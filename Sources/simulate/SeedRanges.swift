import ArgumentParser

/// `1-3000`, `302`, `1-10,50`: seeds as people name them.
struct SeedRanges: ExpressibleByArgument, Sequence {
    private let ranges: [ClosedRange<UInt64>]
    private let text: String

    init?(argument: String) {
        var ranges: [ClosedRange<UInt64>] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
            guard (1...2).contains(bounds.count), let first = bounds[0], let last = bounds[bounds.count - 1], first <= last else { return nil }
            ranges.append(first...last)
        }
        self.ranges = ranges
        text = argument
    }

    var count: Int { ranges.reduce(0) { $0 + $1.count } }
    var defaultValueDescription: String { text }

    func makeIterator() -> AnyIterator<UInt64> { AnyIterator(ranges.lazy.joined().makeIterator()) }
}
