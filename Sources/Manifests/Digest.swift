/// FNV-1a with 128 bits (draft-eastlake-fnv): tells changed content from unchanged. Not for adversaries.
struct Digest: Sendable, Hashable {
    private var state: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            state = (state ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b
        }
    }

    /// A piece with its length in front, so that moving bytes from one piece to the next shows.
    mutating func addPiece(_ bytes: some Collection<UInt8>) {
        add("\(bytes.count):".utf8)
        add(bytes)
    }

    /// 32 hexadecimal digits.
    var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
