/// The tokens of a JSON text (RFC 8259). Each function takes the position where one begins and returns the one behind it, or throws why
/// there is none: so the position stays in a register.
struct JSONTokens {
    private let text: UnsafeRawBufferPointer
    private let bytes: UnsafePointer<UInt8>
    private let end: Int

    /// Nil for an empty text, which has none.
    init?(_ text: UnsafeRawBufferPointer) {
        guard let start = text.baseAddress, !text.isEmpty else { return nil }
        self.text = text
        bytes = start.assumingMemoryBound(to: UInt8.self)
        end = text.count
    }

    @inline(__always)
    func byte(at position: Int) throws(JSONError) -> UInt8 {
        guard position < end else { throw JSONError(offset: position, problem: .unexpectedEnd) }
        return bytes[position]
    }

    @inline(__always)
    func pastSpace(_ position: Int) -> Int {
        // Nothing else up to a space is white space, and most texts have none.
        guard position < end, bytes[position] <= 0x20 else { return position }
        var position = position
        while position < end, JSONValue.isSpace(bytes[position]) { position += 1 }
        return position
    }

    /// A member's name, the colon and the white space around it.
    /// - Returns: where the name ends and where the value begins.
    @inline(__always)
    func pastName(_ position: Int) throws(JSONError) -> (nameEnd: Int, value: Int) {
        guard try byte(at: position) == UInt8(ascii: "\"") else { throw JSONError(offset: position, problem: .expectedKey) }
        let nameEnd = try pastString(position)
        let colon = pastSpace(nameEnd)
        guard try byte(at: colon) == UInt8(ascii: ":") else { throw JSONError(offset: colon, problem: .expectedColon) }
        return (nameEnd, pastSpace(colon + 1))
    }

    func pastLiteral(_ literal: StaticString, _ position: Int) throws(JSONError) -> Int {
        for offset in 0..<literal.utf8CodeUnitCount {
            guard try byte(at: position + offset) == literal.utf8Start[offset] else {
                throw JSONError(offset: position + offset, problem: .expectedValue)
            }
        }
        return position + literal.utf8CodeUnitCount
    }

    // MARK: Strings

    func pastString(_ position: Int) throws(JSONError) -> Int {
        var position = position + 1
        while true {
            position = pastPlain(position)
            switch try byte(at: position) {
            case UInt8(ascii: "\""):
                return position + 1
            case UInt8(ascii: "\\"):
                position = try pastEscape(position)
            case 0x80...:
                let length = UTF8Check.sequenceLength(text, at: position)
                guard length > 0 else { throw JSONError(offset: position, problem: .badUTF8) }
                position += length
            case ..<0x20:
                throw JSONError(offset: position, problem: .controlCharacter)
            default:
                position += 1
            }
        }
    }

    /// Passes sixteen bytes at a time while none of them ends the string or needs a closer look; stops before the text's last ones.
    @inline(__always)
    private func pastPlain(_ position: Int) -> Int {
        var position = position
        while position + ByteBlock.size <= end {
            let plain = ByteBlock(text, at: position).plainInString
            position += plain
            if plain < ByteBlock.size { return position }
        }
        return position
    }

    private func pastEscape(_ backslash: Int) throws(JSONError) -> Int {
        let position = backslash + 1
        switch try byte(at: position) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return position + 1
        case UInt8(ascii: "u"):
            for digit in position + 1...position + 4 {
                guard JSONValue.hexadecimal(try byte(at: digit)) != nil else { throw JSONError(offset: digit, problem: .badEscape) }
            }
            return position + 5
        default:
            throw JSONError(offset: position, problem: .badEscape)
        }
    }

    // MARK: Numbers

    func pastNumber(_ position: Int) throws(JSONError) -> Int {
        var position = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < end, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            position = try pastDigits(position)
        }
        if position < end, bytes[position] == UInt8(ascii: ".") { position = try pastDigits(position + 1) }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") { position += 1 }
            position = try pastDigits(position)
        }
        return position
    }

    @inline(__always)
    private func pastDigits(_ start: Int) throws(JSONError) -> Int {
        var position = start
        while position < end, JSONValue.isDigit(bytes[position]) { position += 1 }
        guard position > start else { throw JSONError(offset: position, problem: .badNumber) }
        return position
    }
}
