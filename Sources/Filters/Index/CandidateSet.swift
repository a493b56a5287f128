/// A set of small numbers that is filled and emptied for every event: a bit each, and a bit for each word of bits.
struct CandidateSet {
    private var words: ContiguousArray<UInt64>
    private var summary: ContiguousArray<UInt64>

    init(count: Int) {
        words = ContiguousArray(repeating: 0, count: (count + 63) / 64)
        summary = ContiguousArray(repeating: 0, count: (words.count + 63) / 64)
    }

    mutating func insert(_ member: Int32) {
        let word = Int(member) >> 6
        words[word] |= 1 << UInt64(member & 63)
        summary[word >> 6] |= 1 << UInt64(word & 63)
    }

    /// Takes out all, ascending.
    mutating func drain(_ body: (Int) -> Void) {
        for block in summary.indices {
            while summary[block] != 0 {
                let word = block << 6 + summary[block].trailingZeroBitCount
                summary[block] &= summary[block] - 1
                while words[word] != 0 {
                    body(word << 6 + words[word].trailingZeroBitCount)
                    words[word] &= words[word] - 1
                }
            }
        }
    }
}
