import Glibc

/// Numbers as the event-ruler dialect compares them: as IEEE 754 doubles, and only those that a double holds without loss.
/// One with more digits than that equals nothing but the same text, and lies in no range.
enum JSONNumber {
    typealias Bytes = UnsafeRawBufferPointer

    /// - Parameter text: a JSON number.
    static func value(_ text: Bytes) -> Double? {
        if let short = short(text) { return short }
        let value = String(decoding: text, as: UTF8.self).withCString { strtod($0, nil) }
        guard value.isFinite else { return nil }
        var shortest = value.description
        return shortest.withUTF8 { Decimal(text) == Decimal(Bytes($0)) } ? value : nil
    }

    /// A number of at most 15 digits and without an exponent, which a double always holds: the quotient of two whole numbers
    /// below 2^53 is correctly rounded.
    private static func short(_ text: Bytes) -> Double? {
        guard text.count <= 17 else { return nil }
        var whole = 0
        var digits = 0
        var divisor = 1.0
        var fraction = false
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                whole = whole * 10 + Int(byte - UInt8(ascii: "0"))
                digits += 1
                if fraction { divisor *= 10 }
            case UInt8(ascii: "."): fraction = true
            case UInt8(ascii: "-"): continue
            default: return nil
            }
        }
        guard digits <= 15 else { return nil }
        let value = Double(whole) / divisor
        return text[0] == UInt8(ascii: "-") ? -value : value
    }

    static func value(_ text: String) -> Double? {
        var text = text
        return text.withUTF8 { value(Bytes($0)) }
    }

    /// Sign, digits and a power of ten: two texts of the same number have the same.
    private struct Decimal: Equatable {
        private var isNegative = false
        /// Without zeros at either end.
        private var digits = ContiguousArray<UInt8>()
        private var exponent = 0

        static func == (a: Decimal, b: Decimal) -> Bool {
            if a.digits.isEmpty || b.digits.isEmpty { return a.digits.isEmpty && b.digits.isEmpty }
            return a.isNegative == b.isNegative && a.exponent == b.exponent && a.digits == b.digits
        }

        init(_ text: Bytes) {
            var position = 0
            var fraction = false
            while position < text.count, text[position] | 0x20 != UInt8(ascii: "e") {
                switch text[position] {
                case UInt8(ascii: "-"): isNegative = true
                case UInt8(ascii: "."): fraction = true
                case let digit:
                    if !(digits.isEmpty && digit == UInt8(ascii: "0")) { digits.append(digit) }
                    if fraction { exponent -= 1 }
                }
                position += 1
            }
            if position < text.count { exponent += Self.exponent(text[(position + 1)...]) }
            while digits.last == UInt8(ascii: "0") {
                digits.removeLast()
                exponent += 1
            }
        }

        /// Far beyond what a double holds, one exponent is as good as another.
        private static func exponent(_ text: Slice<Bytes>) -> Int {
            let isNegative = text.first == UInt8(ascii: "-")
            var value = 0
            for byte in text where byte >= UInt8(ascii: "0") && value < 100_000_000 { value = value * 10 + Int(byte - UInt8(ascii: "0")) }
            return isNegative ? -value : value
        }
    }
}
