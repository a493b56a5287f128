import EventFormats

/// A JSON number as it is written, taken apart: nothing is computed, so nothing is rounded.
struct Numeral {
    typealias Bytes = UnsafeRawBufferPointer

    /// Powers of ten that a number's digits may stand at. Without a bound, `1e999999999` would be ten bytes of a payload and
    /// a gigabyte of a sum; this one holds whatever a double can be written as.
    static let places = -400...400

    let isNegative: Bool
    /// Significant digits, from the first to the last that is not 0, perhaps with the point among them; empty for zero.
    private let mantissa: Bytes
    /// Digits in `mantissa`.
    let count: Int
    /// The power of ten of the first digit: 2 for 123.4.
    let magnitude: Int

    /// - Parameter number: a JSON value of that kind.
    /// - Throws: when a digit stands at a place that is not allowed.
    init(_ number: JSONValue) throws(ValueProblem) {
        let text = number.raw
        var index = text[0] == UInt8(ascii: "-") ? 1 : 0
        isNegative = index == 1
        var digits = 0
        var beforePoint: Int?
        var first: (index: Int, digit: Int)?
        var last = (index: 0, digit: 0)
        while index < text.count, text[index] | 0x20 != UInt8(ascii: "e") {
            if text[index] == UInt8(ascii: ".") {
                beforePoint = digits
            } else {
                if text[index] != UInt8(ascii: "0") {
                    last = (index, digits)
                    if first == nil { first = last }
                }
                digits += 1
            }
            index += 1
        }
        guard let first else {
            (mantissa, count, magnitude) = (Bytes(rebasing: text[0..<0]), 0, 0)
            return
        }
        mantissa = Bytes(rebasing: text[first.index...last.index])
        count = last.digit - first.digit + 1
        magnitude = (beforePoint ?? digits) - 1 - first.digit + Self.exponent(text[min(index + 1, text.count)...])
        guard magnitude <= Self.places.upperBound, magnitude - count + 1 >= Self.places.lowerBound else {
            throw ValueProblem("is a number that is too large, too small or too long")
        }
    }

    /// Far beyond any bound it does not matter how far.
    private static func exponent(_ text: Slice<Bytes>) -> Int {
        var value = 0
        for byte in text where byte != UInt8(ascii: "+") && byte != UInt8(ascii: "-") {
            value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 1 << 32)
        }
        return text.first == UInt8(ascii: "-") ? -value : value
    }

    var isZero: Bool { count == 0 }

    /// As ASCII.
    var digits: some Sequence<UInt8> { mantissa.lazy.filter { $0 != UInt8(ascii: ".") } }

    /// By value: 1, 1.0 and 1e0 are the same.
    static func < (a: Numeral, b: Numeral) -> Bool {
        if a.isZero || b.isZero { return a.isZero ? !b.isZero && !b.isNegative : a.isNegative }
        if a.isNegative != b.isNegative { return a.isNegative }
        return a.isNegative ? b.isCloserToZero(than: a) : a.isCloserToZero(than: b)
    }

    private func isCloserToZero(than other: Numeral) -> Bool {
        magnitude == other.magnitude ? digits.lexicographicallyPrecedes(other.digits) : magnitude < other.magnitude
    }
}
