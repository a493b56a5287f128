/// A digest of everything that happened, in order: two runs are the same if and only if their digests are.
struct Trace {
    /// FNV-1a, a word at a time.
    private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func note(_ words: Int64...) {
        for word in words {
            digest = (digest ^ UInt64(bitPattern: word)) &* 0x100_0000_01b3
            digest ^= digest >> 29
        }
    }
}
