import EventFormats

/// The logical type `decimal`: an integer of any length, two's complement, and how many of its digits are behind the point.
enum DecimalText {
    /// More than a thousand digits. Longer ones are refused: the time for their digits grows with the square of their length.
    static let maximumBytes = 512

    /// As a JSON number with all its digits: those behind the point too when they are zeros.
    static func append(unscaled: UnsafeRawBufferPointer, scale: Int, to output: ByteWriter) {
        let isNegative = unscaled.first.map { $0 >= 0x80 } ?? false
        var digits = digits(of: magnitude(unscaled, isNegative))
        if digits.count <= scale { digits += repeatElement(UInt8(ascii: "0"), count: scale + 1 - digits.count) }
        if isNegative { output.append(UInt8(ascii: "-")) }
        for index in digits.indices.reversed() {
            output.append(digits[index])
            if index == scale, scale > 0 { output.append(UInt8(ascii: ".")) }
        }
    }

    /// In words of 32 bits, the lowest first.
    private static func magnitude(_ bytes: UnsafeRawBufferPointer, _ isNegative: Bool) -> [UInt32] {
        var words = [UInt32](repeating: 0, count: (bytes.count + 3) / 4)
        var carry: UInt32 = isNegative ? 1 : 0
        for (index, byte) in bytes.reversed().enumerated() {
            // Of a negative number the complement of each byte, and one more.
            let sum = UInt32(isNegative ? ~byte : byte) + carry
            carry = sum >> 8
            words[index / 4] |= (sum & 0xFF) << UInt32(8 * (index % 4))
        }
        return words
    }

    /// The lowest first; at least one.
    private static func digits(of magnitude: [UInt32]) -> [UInt8] {
        var words = magnitude
        var digits: [UInt8] = []
        while let top = words.last {
            if top == 0 {
                words.removeLast()
                continue
            }
            var rest: UInt64 = 0
            for index in words.indices.reversed() {
                let value = rest << 32 | UInt64(words[index])
                words[index] = UInt32(value / 1_000_000_000)
                rest = value % 1_000_000_000
            }
            for _ in 0..<9 {
                digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
                rest /= 10
            }
        }
        while let last = digits.last, last == UInt8(ascii: "0") { digits.removeLast() }
        return digits.isEmpty ? [UInt8(ascii: "0")] : digits
    }
}
