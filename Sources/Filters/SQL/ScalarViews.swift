/// UTF-8 seen as characters, which in CloudEvents SQL are Unicode scalars. Nothing is copied.
extension UnsafeRawBufferPointer {
    /// Whether a character begins at this byte.
    static func beginsScalar(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }

    var scalarCount: Int { reduce(0) { Self.beginsScalar($1) ? $0 + 1 : $0 } }

    /// Where the character of this number begins, from 0; the end where there is none.
    func offset(ofScalar number: Int) -> Int {
        var seen = -1
        for (offset, byte) in enumerated() where Self.beginsScalar(byte) {
            seen += 1
            if seen == number { return offset }
        }
        return count
    }

    /// The characters of these numbers, as far as there are any.
    func scalars(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        let start = offset(ofScalar: range.lowerBound)
        let rest = UnsafeRawBufferPointer(rebasing: self[start...])
        return UnsafeRawBufferPointer(rebasing: rest[..<rest.offset(ofScalar: range.count)])
    }

    /// Without Unicode white space at both ends.
    var trimmed: UnsafeRawBufferPointer {
        var start = 0
        var end = 0
        var isBlank = true
        var offset = 0
        var iterator = makeIterator()
        var decoder = Unicode.UTF8.ForwardParser()
        while case .valid(let encoded) = decoder.parseScalar(from: &iterator) {
            let next = offset + encoded.count
            if !Unicode.UTF8.decode(encoded).properties.isWhitespace {
                if isBlank { start = offset }
                isBlank = false
                end = next
            }
            offset = next
        }
        return UnsafeRawBufferPointer(rebasing: self[start..<end])
    }
}
