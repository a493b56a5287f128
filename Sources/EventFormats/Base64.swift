/// Base64 of RFC 4648, section 4: the alphabet with `+` and `/`, padded, without line breaks.
enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    private static let padding = UInt8(ascii: "=")

    /// - Parameter target: has room for 4 bytes for every 3 begun.
    /// - Returns: the number of bytes written.
    static func encode(_ data: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        let letters = alphabet.utf8Start
        var written = 0
        var index = 0
        while index + 3 <= data.count {
            let bits = Int(data[index]) << 16 | Int(data[index + 1]) << 8 | Int(data[index + 2])
            target[written] = letters[bits >> 18]
            target[written + 1] = letters[bits >> 12 & 63]
            target[written + 2] = letters[bits >> 6 & 63]
            target[written + 3] = letters[bits & 63]
            index += 3
            written += 4
        }
        let rest = data.count - index
        if rest > 0 {
            let bits = Int(data[index]) << 16 | (rest == 2 ? Int(data[index + 1]) << 8 : 0)
            target[written] = letters[bits >> 18]
            target[written + 1] = letters[bits >> 12 & 63]
            target[written + 2] = rest == 2 ? letters[bits >> 6 & 63] : padding
            target[written + 3] = padding
            written += 4
        }
        return written
    }

    /// Decodes into the same memory: the result is never longer and is written behind what is read.
    ///
    /// - Returns: the number of bytes decoded; nil when the text is not base64 with its padding.
    static func decode(inPlace text: UnsafeMutableRawBufferPointer) -> Int? {
        guard text.count % 4 == 0 else { return nil }
        var written = 0
        var index = 0
        while index < text.count {
            let last = index + 4 == text.count
            var pads = 0
            if last && text[index + 3] == padding { pads = text[index + 2] == padding ? 2 : 1 }
            var bits = 0
            for offset in 0..<4 - pads {
                guard let value = value(of: text[index + offset]) else { return nil }
                bits |= value << (18 - 6 * offset)
            }
            text[written] = UInt8(bits >> 16)
            if pads < 2 { text[written + 1] = UInt8(bits >> 8 & 255) }
            if pads < 1 { text[written + 2] = UInt8(bits & 255) }
            written += 3 - pads
            index += 4
        }
        return written
    }

    private static func value(of letter: UInt8) -> Int? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(letter - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(letter - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(letter - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
