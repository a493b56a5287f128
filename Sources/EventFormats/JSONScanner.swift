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
public enum JSONScanner {
    /// Arrays and objects that may be open at the same time.
    public static let maximumDepth = 512

    /// The whole text as one value, surrounding white space removed.
    public static func scan(_ text: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
        try scan(text, noting: nil)
    }

    /// - Parameter members: gets those of the object that the text is; none of anything else.
    package static func scan(_ text: UnsafeRawBufferPointer, noting members: JSONMembers?) throws(JSONError) -> JSONValue {
        members?.begin(text)
        guard let tokens = JSONTokens(text) else { throw JSONError(offset: 0, problem: .unexpectedEnd) }
        var levels = JSONLevels()
        // Of the outermost object's member.
        var name = 0..<0
        var memberStart = 0
        let start = tokens.pastSpace(0)
        var position = start
        value: while true {
            // At the first byte of a value.
            switch try tokens.byte(at: position) {
            case UInt8(ascii: "{"):
                guard levels.open(.object) else { throw JSONError(offset: position, problem: .tooDeep) }
                position = tokens.pastSpace(position + 1)
                if try tokens.byte(at: position) != UInt8(ascii: "}") {
                    let (nameEnd, value) = try tokens.pastName(position)
                    if levels.depth == 1 { (name, memberStart) = (position..<nameEnd, value) }
                    position = value
                    continue value
                }
                levels.close()
                position += 1
            case UInt8(ascii: "["):
                guard levels.open(.array) else { throw JSONError(offset: position, problem: .tooDeep) }
                position = tokens.pastSpace(position + 1)
                if try tokens.byte(at: position) != UInt8(ascii: "]") { continue value }
                levels.close()
                position += 1
            case UInt8(ascii: "\""): position = try tokens.pastString(position)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): position = try tokens.pastNumber(position)
            case UInt8(ascii: "t"): position = try tokens.pastLiteral("true", position)
            case UInt8(ascii: "f"): position = try tokens.pastLiteral("false", position)
            case UInt8(ascii: "n"): position = try tokens.pastLiteral("null", position)
            default: throw JSONError(offset: position, problem: .expectedValue)
            }
            // Behind a value: what comes next depends on the innermost level.
            while levels.depth > 0 {
                if levels.depth == 1, let members, levels.innermost == .object { members.add(name: name, value: memberStart..<position) }
                position = tokens.pastSpace(position)
                switch (try tokens.byte(at: position), levels.innermost) {
                case (UInt8(ascii: ","), .object):
                    position = tokens.pastSpace(position + 1)
                    let (nameEnd, value) = try tokens.pastName(position)
                    if levels.depth == 1 { (name, memberStart) = (position..<nameEnd, value) }
                    position = value
                    continue value
                case (UInt8(ascii: ","), .array):
                    position = tokens.pastSpace(position + 1)
                    continue value
                case (UInt8(ascii: "}"), .object), (UInt8(ascii: "]"), .array):
                    levels.close()
                    position += 1
                default:
                    throw JSONError(offset: position, problem: .expectedCommaOrEnd)
                }
            }
            let value = UnsafeRawBufferPointer(rebasing: text[start..<position])
            position = tokens.pastSpace(position)
            guard position == text.count else { throw JSONError(offset: position, problem: .trailingBytes) }
            return JSONValue(validated: value)
        }
    }
}

/// The arrays and objects that are open.
private struct JSONLevels {
    enum Container: UInt64 { case array, object }

    private(set) var depth = 0
    /// One bit each: the innermost lowest, as many as there are since the last multiple of 64.
    private var inner: UInt64 = 0
    /// The 64 of each multiple that was passed.
    private var outer = InlineArray<8, UInt64>(repeating: 0)

    var innermost: Container { inner & 1 == 0 ? .array : .object }

    /// - Returns: false where there may be no more.
    mutating func open(_ container: Container) -> Bool {
        guard depth < JSONScanner.maximumDepth else { return false }
        if depth & 63 == 0, depth > 0 { outer[depth >> 6] = inner }
        inner = inner << 1 | container.rawValue
        depth += 1
        return true
    }

    mutating func close() {
        depth -= 1
        inner = depth & 63 == 0 && depth > 0 ? outer[depth >> 6] : inner >> 1
    }
}
