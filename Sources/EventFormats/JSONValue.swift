/// One value inside a JSON text that `JSONScanner` has accepted: its kind and its bytes, nothing copied.
public struct JSONValue {
    public typealias Bytes = UnsafeRawBufferPointer

    public enum Kind: Sendable { case object, array, string, number, boolean, null }

    /// As it stands in the text: strings with their quotes and escapes, objects with their braces.
    public let raw: Bytes

    /// - Parameter raw: a whole value without white space around it, part of a text that has been validated.
    package init(validated raw: Bytes) { self.raw = raw }

    /// - Parameter text: a text that has been validated, perhaps with white space around it.
    package init(surroundedBySpace text: Bytes) {
        var range = text[...]
        while let first = range.first, JSONValue.isSpace(first) { range = range.dropFirst() }
        while let last = range.last, JSONValue.isSpace(last) { range = range.dropLast() }
        raw = Bytes(rebasing: range)
    }

    public var kind: Kind {
        switch raw[0] {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    /// The members of an object in their order, repeated names included; empty for any other kind.
    public var members: Members { Members(JSONWalker(raw, container: UInt8(ascii: "{"))) }

    /// Of members that repeat a name the last one counts, as in most parsers.
    package func member(_ name: StaticString) -> JSONValue? {
        let name = Bytes(start: name.utf8Start, count: name.utf8CodeUnitCount)
        var found: JSONValue?
        for member in members where member.name.stringEquals(name) { found = member.value }
        return found
    }

    /// The elements of an array; empty for any other kind.
    public var elements: Elements { Elements(JSONWalker(raw, container: UInt8(ascii: "["))) }

    public struct Member {
        public let name: JSONValue
        public let value: JSONValue
    }

    public struct Members: Sequence, IteratorProtocol {
        private var walker: JSONWalker
        init(_ walker: JSONWalker) { self.walker = walker }

        public mutating func next() -> Member? {
            guard let name = walker.nextValue() else { return nil }
            // The walker treats the colon like a comma, so the value is simply what comes next.
            guard let value = walker.nextValue() else { return nil }
            return Member(name: name, value: value)
        }
    }

    public struct Elements: Sequence, IteratorProtocol {
        private var walker: JSONWalker
        init(_ walker: JSONWalker) { self.walker = walker }
        public mutating func next() -> JSONValue? { walker.nextValue() }
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}

/// Steps from value to value inside one container of a validated text.
struct JSONWalker {
    private var cursor: JSONCursor

    init(_ text: UnsafeRawBufferPointer, container: UInt8) {
        cursor = JSONCursor(text[0] == container ? text : UnsafeRawBufferPointer(rebasing: text[..<0]))
        cursor.passBracket()
    }

    mutating func nextValue() -> JSONValue? {
        switch cursor.next() {
        case 0, UInt8(ascii: "}"), UInt8(ascii: "]"): nil
        default: cursor.passValue()
        }
    }
}
