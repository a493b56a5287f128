/// A JSON number as it is written, compared without the rounding of doubles. A view of its text.
///
/// Exponents beyond 10^15 in either direction count as 10^15: no text is long enough to make up for the difference.
struct ExactDecimal {
    typealias Bytes = UnsafeRawBufferPointer

    let isNegative: Bool
    /// The digits, from the first to the last that is not 0, perhaps with a point between them; empty for 0.
    private let digits: Bytes
    /// The power of ten that the first digit counts.
    private let magnitude: Int

    private static let furthest = 1_000_000_000_000_000

    /// - Parameter text: a number by the grammar of JSON.
    init(_ text: Bytes) {
        isNegative = text[0] == UInt8(ascii: "-")
        let mantissa = text.prefix { $0 | 0x20 != UInt8(ascii: "e") }
        let exponent = Self.exponent(text[mantissa.endIndex...].dropFirst())
        let point = mantissa.firstIndex(of: UInt8(ascii: ".")) ?? mantissa.endIndex
        let isSignificant: (UInt8) -> Bool = { $0 > UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard let first = mantissa.firstIndex(where: isSignificant), let last = mantissa.lastIndex(where: isSignificant) else {
            digits = Bytes(rebasing: text[0..<0])
            magnitude = 0
            return
        }
        digits = Bytes(rebasing: text[first...last])
        magnitude = exponent + (first < point ? point - first - 1 : point - first)
    }

    private static func exponent(_ text: Slice<Bytes>) -> Int {
        var value = 0
        for byte in text where byte >= UInt8(ascii: "0") { value = min(value * 10 + Int(byte - UInt8(ascii: "0")), furthest) }
        return text.first == UInt8(ascii: "-") ? -value : value
    }

    var isZero: Bool { digits.isEmpty }

    /// The power of ten that the last digit counts.
    private var lastPlace: Int { magnitude - (digitCount - 1) }

    private var digitCount: Int { digits.contains(UInt8(ascii: ".")) ? digits.count - 1 : digits.count }

    /// `1.0` and `1e2` are integers.
    var isInteger: Bool { isZero || lastPlace >= 0 }

    /// Below 0, 0 or above 0, as the number is less than, equal to or greater than the other.
    func compared(to other: ExactDecimal) -> Int {
        if isZero || other.isZero { return sign - other.sign }
        if isNegative != other.isNegative { return sign }
        if magnitude != other.magnitude { return magnitude < other.magnitude ? -sign : sign }
        var own = digits.makeIterator()
        var others = other.digits.makeIterator()
        while true {
            let (a, b) = (Self.nextDigit(&own), Self.nextDigit(&others))
            if a == nil && b == nil { return 0 }
            if a ?? 0 != b ?? 0 { return a ?? 0 < b ?? 0 ? -sign : sign }
        }
    }

    private var sign: Int { isZero ? 0 : isNegative ? -1 : 1 }

    private static func nextDigit(_ digits: inout Bytes.Iterator) -> UInt8? {
        guard let byte = digits.next() else { return nil }
        return byte == UInt8(ascii: ".") ? digits.next().map { $0 - UInt8(ascii: "0") } : byte - UInt8(ascii: "0")
    }

    /// The same text for equal numbers, and for no others.
    func appendCanonical(to text: inout [UInt8]) {
        if isNegative && !isZero { text.append(UInt8(ascii: "-")) }
        text += digits.lazy.filter { $0 != UInt8(ascii: ".") }
        text += "e\(isZero ? 0 : lastPlace)".utf8
    }

    // MARK: Multiples

    /// A positive number that others may be multiples of.
    struct Factor: Sendable {
        fileprivate let digits: UInt64
        fileprivate let lastPlace: Int

        /// Nil for one that is not positive, or has more than 18 significant digits.
        init?(_ number: ExactDecimal) {
            guard !number.isZero, !number.isNegative, number.digitCount <= 18 else { return nil }
            var iterator = number.digits.makeIterator()
            var value: UInt64 = 0
            while let digit = ExactDecimal.nextDigit(&iterator) { value = value * 10 + UInt64(digit) }
            digits = value
            lastPlace = number.lastPlace
        }
    }

    func isMultiple(of factor: Factor) -> Bool {
        if isZero { return true }
        // Neither number's digits end with 0, so a multiple cannot have a place that is further right.
        guard lastPlace >= factor.lastPlace else { return false }
        var rest: UInt64 = 0
        var iterator = digits.makeIterator()
        while let digit = Self.nextDigit(&iterator) { rest = (rest * 10 + UInt64(digit)) % factor.digits }
        let power = Self.powerOfTen(lastPlace - factor.lastPlace, modulo: factor.digits)
        return UInt128(rest) * power % UInt128(factor.digits) == 0
    }

    private static func powerOfTen(_ exponent: Int, modulo: UInt64) -> UInt128 {
        let modulo = UInt128(modulo)
        var (result, base, rest) = (UInt128(1) % modulo, UInt128(10) % modulo, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = result * base % modulo }
            base = base * base % modulo
            rest >>= 1
        }
        return result
    }
}
