import EventFormats

/// A value of CloudEvents SQL. A string is a view of bytes of the event, of the expression or of the machine that
/// evaluates it, all UTF-8.
package enum SQLValue {
    package typealias Bytes = UnsafeRawBufferPointer

    case boolean(Bool)
    case integer(Int32)
    case string(Bytes)

    package enum Kind: Sendable { case boolean, integer, string }

    static func zero(_ kind: Kind) -> SQLValue {
        switch kind {
        case .boolean: .boolean(false)
        case .integer: .integer(0)
        case .string: .string(Bytes(start: nil, count: 0))
        }
    }
}

/// Casts out of strings (3.7); nil where there is none.
enum SQLCast {
    /// A sign or none and decimal digits, of a 32-bit integer.
    static func integer(_ text: SQLValue.Bytes) -> Int32? {
        var digits = text[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard !digits.isEmpty else { return nil }
        var number: Int64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int64(byte - UInt8(ascii: "0"))
            guard number <= 1 << 31 else { return nil }
        }
        return Int32(exactly: isNegative ? -number : number)
    }

    static func boolean(_ text: SQLValue.Bytes) -> Bool? {
        if text.equalsIgnoringCase("true") { return true }
        if text.equalsIgnoringCase("false") { return false }
        return nil
    }
}
