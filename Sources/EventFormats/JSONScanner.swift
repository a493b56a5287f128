/// Where and why a text is not JSON. Says nothing about its content.
public struct JSONError: Error, Equatable, CustomStringConvertible {
    /// Byte position in the text.
    public var offset: Int
    public var problem: Problem

    public enum Problem: String, Sendable {
        case unexpectedEnd = "the text ends too early"
        case expectedValue = "a value is expected"
        case expectedKey = "a string with a member's name is expected"
        case expectedColon = "a colon is expected"
        case expectedCommaOrEnd = "a comma or a closing bracket is expected"
        case trailingBytes = "something follows the value"
        case controlCharacter = "a control character in a string must be escaped"
        case badEscape = "not an escape sequence"
        case badUTF8 = "not UTF-8"
        case badNumber = "not a number"
        case tooDeep = "nested too deeply"
    }

    public var description: String { "\(problem.rawValue) (byte \(offset))" }
}

/// Validates JSON texts (RFC 8259) in one pass and without copying: strict grammar, strict UTF-8, bounded depth, no
/// recursion. Everything that later reads the text (`JSONValue`) relies on it having passed here.
///
/// Escapes of lone surrogates (`"\uD800"`) follow the grammar and are accepted; `JSONValue.appendUnescaped` refuses them.
public struct JSONScanner {
    /// Arrays and objects that may be open at the same time.
    public static let maximumDepth = 512

    private let text: UnsafeRawBufferPointer
    private let bytes: UnsafePointer<UInt8>
    private let end: Int
    private var position = 0
    private var depth = 0
    /// One bit per open level: 1 is an object.
    private var levels = InlineArray<8, UInt64>(repeating: 0)
    private let members: JSONMembers?

    /// The whole text as one value, surrounding white space removed.
    public static func scan(_ text: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
        try scan(text, noting: nil)
    }

    /// - Parameter members: gets those of the object that the text is; none of anything else.
    package static func scan(_ text: UnsafeRawBufferPointer, noting members: JSONMembers?) throws(JSONError) -> JSONValue {
        members?.begin(text)
        guard let start = text.baseAddress, !text.isEmpty else { throw JSONError(offset: 0, problem: .unexpectedEnd) }
        var scanner = JSONScanner(text: text, bytes: start.assumingMemoryBound(to: UInt8.self), members)
        return try scanner.scan()
    }

    private init(text: UnsafeRawBufferPointer, bytes: UnsafePointer<UInt8>, _ members: JSONMembers?) {
        self.text = text
        self.bytes = bytes
        self.members = members
        end = text.count
    }

    private mutating func scan() throws(JSONError) -> JSONValue {
        skipSpace()
        let start = position
        value: while true {
            // At the first byte of a value.
            switch try peek() {
            case UInt8(ascii: "{"):
                try open(object: true)
                if try peek() == UInt8(ascii: "}") {
                    close()
                } else {
                    try scanKey()
                    continue value
                }
            case UInt8(ascii: "["):
                try open(object: false)
                if try peek() != UInt8(ascii: "]") { continue value }
                close()
            case UInt8(ascii: "\""): try scanString()
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try scanNumber()
            case UInt8(ascii: "t"): try scanLiteral("true")
            case UInt8(ascii: "f"): try scanLiteral("false")
            case UInt8(ascii: "n"): try scanLiteral("null")
            default: throw error(.expectedValue)
            }
            // Behind a value: what comes next depends on the innermost level.
            while depth > 0 {
                if depth == 1, let members { members.endValue(at: position) }
                skipSpace()
                let byte = try peek()
                if byte == UInt8(ascii: ",") {
                    position += 1
                    skipSpace()
                    if insideObject { try scanKey() }
                    continue value
                }
                guard byte == (insideObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw error(.expectedCommaOrEnd) }
                close()
            }
            let value = UnsafeRawBufferPointer(rebasing: text[start..<position])
            skipSpace()
            guard position == end else { throw error(.trailingBytes) }
            return JSONValue(validated: value)
        }
    }

    // MARK: Levels

    private var insideObject: Bool { levels[(depth - 1) >> 6] >> UInt64((depth - 1) & 63) & 1 == 1 }

    private mutating func open(object: Bool) throws(JSONError) {
        guard depth < JSONScanner.maximumDepth else { throw error(.tooDeep) }
        let bit = UInt64(1) << UInt64(depth & 63)
        if object { levels[depth >> 6] |= bit } else { levels[depth >> 6] &= ~bit }
        depth += 1
        position += 1
        skipSpace()
    }

    private mutating func close() {
        depth -= 1
        position += 1
    }

    // MARK: Tokens

    private func error(_ problem: JSONError.Problem) -> JSONError { JSONError(offset: position, problem: problem) }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < end else { throw error(.unexpectedEnd) }
        return bytes[position]
    }

    private mutating func skipSpace() {
        while position < end, JSONValue.isSpace(bytes[position]) { position += 1 }
    }

    /// A member's name, the colon and the white space around it.
    private mutating func scanKey() throws(JSONError) {
        guard try peek() == UInt8(ascii: "\"") else { throw error(.expectedKey) }
        let name = position
        try scanString()
        let nameEnd = position
        skipSpace()
        guard try peek() == UInt8(ascii: ":") else { throw error(.expectedColon) }
        position += 1
        skipSpace()
        if depth == 1, let members { members.beginValue(at: position, name: name..<nameEnd) }
    }

    private mutating func scanLiteral(_ literal: StaticString) throws(JSONError) {
        for offset in 0..<literal.utf8CodeUnitCount {
            guard try peek() == literal.utf8Start[offset] else { throw error(.expectedValue) }
            position += 1
        }
    }

    private mutating func scanString() throws(JSONError) {
        position += 1
        while true {
            skipPlain()
            let byte = try peek()
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"):
                try scanEscape()
            case 0x80...:
                let length = UTF8Check.sequenceLength(text, at: position)
                guard length > 0 else { throw error(.badUTF8) }
                position += length
            case ..<0x20:
                throw error(.controlCharacter)
            default:
                position += 1
            }
        }
    }

    /// Passes eight bytes at a time while none of them ends the string or needs a closer look.
    private mutating func skipPlain() {
        while position + 8 <= end {
            let plain = ByteWord(text, at: position).plainInString
            position += plain
            if plain < 8 { return }
        }
    }

    private mutating func scanEscape() throws(JSONError) {
        position += 1
        switch try peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard JSONValue.hexadecimal(try peek()) != nil else { throw error(.badEscape) }
                position += 1
            }
        default:
            throw error(.badEscape)
        }
    }

    private mutating func scanNumber() throws(JSONError) {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < end, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try scanDigits()
        }
        if position < end, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try scanDigits()
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") { position += 1 }
            try scanDigits()
        }
    }

    private mutating func scanDigits() throws(JSONError) {
        let start = position
        while position < end, JSONValue.isDigit(bytes[position]) { position += 1 }
        guard position > start else { throw error(.badNumber) }
    }
}
