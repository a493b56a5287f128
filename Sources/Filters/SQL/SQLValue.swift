/// A value of CloudEvents SQL. A string is a view of bytes of the event, of the expression or of the machine that
/// evaluates it, all UTF-8.
package enum SQLValue {
    package typealias Bytes = UnsafeRawBufferPointer

    case boolean(Bool)
    case integer(Int32)
    case string(Bytes)

    package enum Kind: Sendable { case boolean, integer, string }

    var kind: Kind {
        switch self {
        case .boolean: .boolean
        case .integer: .integer
        case .string: .string
        }
    }

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
        if text.isEqualIgnoringCase("true") { return true }
        if text.isEqualIgnoringCase("false") { return false }
        return nil
    }
}

extension UnsafeRawBufferPointer {
    /// ASCII letters only.
    func isEqualIgnoringCase(_ lower: StaticString) -> Bool {
        guard count == lower.utf8CodeUnitCount else { return false }
        for i in 0..<count {
            let byte = self[i]
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard (isCapital ? byte | 0x20 : byte) == lower.utf8Start[i] else { return false }
        }
        return true
    }
}
