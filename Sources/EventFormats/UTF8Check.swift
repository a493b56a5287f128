/// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
package enum UTF8Check {
    package static func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < text.count {
            // Many ASCII bytes at a time: most text is nothing else.
            if index + ByteBlock.size <= text.count, ByteBlock(text, at: index).isASCII {
                index += ByteBlock.size
            } else if text[index] < 0x80 {
                index += 1
            } else {
                let length = sequenceLength(text, at: index)
                guard length > 0 else { return false }
                index += length
            }
        }
        return true
    }

    /// The length of the multi-byte sequence that begins at `index`, 0 when it is not well-formed (Unicode, table 3-7).
    static func sequenceLength(_ text: UnsafeRawBufferPointer, at index: Int) -> Int {
        let rest = text.count - index
        func continues(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool { range.contains(text[index + offset]) }
        switch text[index] {
        case 0xC2...0xDF:
            return rest >= 2 && continues(1) ? 2 : 0
        case 0xE0...0xEF:
            guard rest >= 3 else { return 0 }
            let second: ClosedRange<UInt8> = switch text[index] {
            case 0xE0: 0xA0...0xBF
            case 0xED: 0x80...0x9F
            default: 0x80...0xBF
            }
            return continues(1, second) && continues(2) ? 3 : 0
        case 0xF0...0xF4:
            guard rest >= 4 else { return 0 }
            let second: ClosedRange<UInt8> = switch text[index] {
            case 0xF0: 0x90...0xBF
            case 0xF4: 0x80...0x8F
            default: 0x80...0xBF
            }
            return continues(1, second) && continues(2) && continues(3) ? 4 : 0
        default:
            return 0
        }
    }

    /// The scalar of a well-formed multi-byte sequence of `length` bytes.
    static func scalar(_ text: UnsafeRawBufferPointer, at index: Int, length: Int) -> UInt32 {
        var value = UInt32(text[index]) & (0xFF >> UInt32(length + 1))
        for offset in 1..<length { value = value << 6 | UInt32(text[index + offset]) & 0x3F }
        return value
    }
}
