/// A hash of text that is taken eight bytes at a time, so that on the way to a text's hash those of its beginnings cost
/// little more (the folded product of wyhash).
struct WordHash {
    typealias Bytes = UnsafeRawBufferPointer

    private var state: UInt64

    init(seed: UInt64) { state = Self.mix(seed ^ 0x2D35_8DCC_AA6C_78A5, 0x8BB8_4B93_962E_ACC9) }

    mutating func add(_ word: UInt64) { state = Self.mix(state ^ word, 0xA076_1D64_78BD_642F) }

    /// - Parameters:
    ///   - tail: what is left behind the last whole word.
    ///   - length: of everything, in bytes.
    ///   - kind: makes families of hashes of the same texts.
    func value(tail: UInt64, length: Int, kind: UInt8) -> UInt64 {
        Self.mix(Self.mix(state ^ tail, 0xA076_1D64_78BD_642F) ^ (UInt64(truncatingIfNeeded: length) << 8 | UInt64(kind)), 0xE703_7ED1_A0B4_28DB)
    }

    static func whole(_ text: Bytes, seed: UInt64, kind: UInt8) -> UInt64 {
        var hash = WordHash(seed: seed)
        var position = 0
        while position + 8 <= text.count {
            hash.add(text.word(at: position))
            position += 8
        }
        return hash.value(tail: text.word(at: position, length: text.count - position), length: text.count, kind: kind)
    }

    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}

extension UnsafeRawBufferPointer {
    /// Eight bytes.
    func word(at position: Int) -> UInt64 { UInt64(littleEndian: loadUnaligned(fromByteOffset: position, as: UInt64.self)) }

    /// Up to eight bytes, which must be there.
    func word(at position: Int, length: Int) -> UInt64 {
        if length == 0 { return 0 }
        let rest = UInt64(64 - 8 * length)
        if position + 8 <= count { return (word(at: position) &<< rest) &>> rest }
        if position + length >= 8 { return word(at: position + length - 8) &>> rest }
        var word: UInt64 = 0
        for index in 0..<length { word |= UInt64(self[position + index]) << UInt64(8 * index) }
        return word
    }
}
