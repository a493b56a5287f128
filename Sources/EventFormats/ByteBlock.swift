/// Sixteen bytes of text looked at together.
struct ByteBlock {
    static let size = 16

    private typealias Marks = SIMDMask<SIMD16<Int8>>

    /// Bytes from 128 on are negative.
    private let bytes: SIMD16<Int8>

    /// - Parameter position: at least sixteen bytes before the end of `text`.
    @inline(__always)
    init(_ text: UnsafeRawBufferPointer, at position: Int) {
        bytes = text.loadUnaligned(fromByteOffset: position, as: SIMD16<Int8>.self)
    }

    /// Whether all sixteen are ASCII.
    @inline(__always)
    var isASCII: Bool { count(before: bytes .< Self.all("\0")) == Self.size }

    /// How many bytes come before the first one that ends a JSON string, escapes, is a control character or is not ASCII.
    @inline(__always)
    var plainInString: Int { count(before: (bytes .< Self.all(" ")) .| quoteOrBackslash) }

    /// How many bytes come before the first quote or backslash.
    @inline(__always)
    var beforeQuoteOrBackslash: Int { count(before: quoteOrBackslash) }

    @inline(__always)
    private var quoteOrBackslash: Marks { (bytes .== Self.all("\"")) .| (bytes .== Self.all("\\")) }

    /// Vectors are compared with vectors: for a scalar Swift 6.3 calls generic code.
    @inline(__always)
    private static func all(_ character: Unicode.Scalar) -> SIMD16<Int8> { SIMD16(repeating: Int8(truncatingIfNeeded: character.value)) }

    /// Without a branch, which would be taken wrongly as often as strings have other lengths. The middle of each pair of marks is four bits of each of
    /// the two, and eight of those are one word.
    @inline(__always)
    private func count(before marks: Marks) -> Int {
        let pairs = unsafeBitCast(marks, to: SIMD8<UInt16>.self) &>> SIMD8(repeating: 4)
        let bits = unsafeBitCast(SIMD8<UInt8>(truncatingIfNeeded: pairs), to: UInt64.self)
        return UInt64(littleEndian: bits).trailingZeroBitCount >> 2
    }
}
