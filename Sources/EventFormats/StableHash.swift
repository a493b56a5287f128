/// The same number for the same bytes, in every process and version: for what replicas must agree on without asking each other.
package struct StableHash: Sendable {
    // FNV-1a (Fowler, Noll, Vo).
    private var state: UInt64

    /// - Parameter seed: makes another function of it.
    package init(seed: UInt64 = 0) { state = 0xCBF2_9CE4_8422_2325 ^ seed }

    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    /// The text and its end, so that those that follow each other cannot be taken for others.
    package mutating func add(_ text: String) {
        add(text.utf8)
        add(CollectionOfOne(0xFF))
    }

    package mutating func add(_ number: Int64) { withUnsafeBytes(of: number.littleEndian) { add($0) } }

    /// Of what was added so far.
    package var value: UInt64 {
        // The last steps of MurmurHash3: the high bits of FNV alone are too much alike.
        var hash = (state ^ state >> 33) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ hash >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ hash >> 33
    }
}
