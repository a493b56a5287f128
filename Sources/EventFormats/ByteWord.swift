/// Eight bytes of text looked at together.
///
/// The tests are the classic ones on a word: `x - 0x01..` borrows into the top bit of a byte that was zero. A borrow may
/// also mark bytes above a true hit, never below, so only the lowest mark is to be trusted.
struct ByteWord {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    private let word: UInt64

    /// - Parameter position: at least eight bytes before the end of `text`.
    init(_ text: UnsafeRawBufferPointer, at position: Int) {
        word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    /// Whether all eight are ASCII.
    var isASCII: Bool { word & ByteWord.tops == 0 }

    /// How many bytes come before the first one that ends a JSON string, escapes, is a control character or is not ASCII.
    var plainInString: Int {
        count(before: word | (word &- ByteWord.ones &* 0x20) | borrows(UInt8(ascii: "\"")) | borrows(UInt8(ascii: "\\")))
    }

    /// How many bytes come before the first quote or backslash, among bytes known to be valid in a JSON string.
    var beforeQuoteOrBackslash: Int {
        // Bytes from 128 on have their top bit set from the start; that is no mark.
        count(before: (borrows(UInt8(ascii: "\"")) | borrows(UInt8(ascii: "\\"))) & ~word)
    }

    private func borrows(_ byte: UInt8) -> UInt64 { (word ^ (ByteWord.ones &* UInt64(byte))) &- ByteWord.ones }

    private func count(before marks: UInt64) -> Int { (marks & ByteWord.tops).trailingZeroBitCount >> 3 }
}
