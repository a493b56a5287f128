/// A set of small numbers that is filled and emptied for every event: a bit each, and a bit for each word of bits.
struct CandidateSet {
    private var words = ContiguousArray<UInt64>()
    private var summary = ContiguousArray<UInt64>()

    /// Makes room for numbers below `count`.
    mutating func reserve(_ count: Int) {
        while words.count * 64 < count { words.append(0) }
        while summary.count * 64 < words.count { summary.append(0) }
    }

    mutating func insert(_ member: Int32) {
        let word = Int(member) >> 6
        words[word] |= 1 << UInt64(member & 63)
        summary[word >> 6] |= 1 << UInt64(word & 63)
    }

    /// Moves all, ascending, to the end of `list`.
    mutating func drain(into list: inout ContiguousArray<Int32>) {
        for block in summary.indices {
            while summary[block] != 0 {
                let word = block << 6 + summary[block].trailingZeroBitCount
                summary[block] &= summary[block] - 1
                var bits = words[word]
                words[word] = 0
                while bits != 0 {
                    list.append(Int32(truncatingIfNeeded: word << 6 + bits.trailingZeroBitCount))
                    bits &= bits - 1
                }
            }
        }
    }
}
