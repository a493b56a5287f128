import BigInt

/// A decimal number of any length, a sum of numbers as they were written: 0.1 added ten times is 1.
///
/// Not Foundation's `Decimal`, which rounds to 38 digits without saying so.
struct ExactDecimal {
    // The value is coefficient * 10 ^ exponent.
    private var coefficient: BigInt
    private var exponent: Int

    static let zero = ExactDecimal(coefficient: 0, exponent: 0)

    private init(coefficient: BigInt, exponent: Int) {
        self.coefficient = coefficient
        self.exponent = exponent
    }

    init(_ number: Numeral) {
        coefficient = 0
        exponent = number.magnitude - number.count + 1
        // As many digits at a time as fit a word; most numbers have no more.
        var part: Int64 = 0
        var length = 0
        for digit in number.digits {
            part = part * 10 + Int64(digit - UInt8(ascii: "0"))
            length += 1
            guard length == 18 else { continue }
            coefficient = coefficient * Self.powerOfTen(18) + BigInt(integerLiteral: part)
            (part, length) = (0, 0)
        }
        if coefficient.isZero {
            coefficient = BigInt(integerLiteral: part)
        } else {
            coefficient = coefficient * Self.powerOfTen(length) + BigInt(integerLiteral: part)
        }
        if number.isNegative { coefficient.negate() }
    }

    static func += (a: inout ExactDecimal, b: ExactDecimal) {
        if a.exponent == b.exponent {
            a.coefficient += b.coefficient
        } else if a.exponent < b.exponent {
            a.coefficient += b.coefficient * powerOfTen(b.exponent - a.exponent)
        } else {
            a.coefficient = a.coefficient * powerOfTen(a.exponent - b.exponent) + b.coefficient
            a.exponent = b.exponent
        }
    }

    private static let smallPowers: [BigInt] = (0...18).map { BigInt(10).power($0) }

    private static func powerOfTen(_ exponent: Int) -> BigInt {
        exponent < smallPowers.count ? smallPowers[exponent] : BigInt(10).power(exponent)
    }

    // MARK: Division

    /// What decimal128 of IEEE 754-2008 has.
    static let precision = 34

    /// Exact where that takes no more than `precision` digits, else rounded to so many, half to even.
    func divided(by divisor: Int) -> ExactDecimal {
        let divisor = BigInt(divisor)
        // Enough digits that the quotient has more than are wanted.
        let more = max(0, Self.precision + 1 + String(divisor).utf8.count - String(coefficient.magnitude).utf8.count)
        let (quotient, rest) = (coefficient * Self.powerOfTen(more)).quotientAndRemainder(dividingBy: divisor)
        let result = ExactDecimal(coefficient: quotient, exponent: exponent - more)
        return result.rounded(hasMore: !rest.isZero)
    }

    /// - Parameter hasMore: the exact value is a little further from zero.
    private func rounded(hasMore: Bool) -> ExactDecimal {
        let surplus = String(coefficient.magnitude).utf8.count - Self.precision
        guard surplus > 0 else { return self }
        let unit = Self.powerOfTen(surplus).magnitude
        var (kept, dropped) = coefficient.magnitude.quotientAndRemainder(dividingBy: unit)
        let double = dropped * 2
        if double > unit || (double == unit && (hasMore || kept.isOdd)) { kept += 1 }
        return ExactDecimal(coefficient: BigInt(sign: coefficient.sign, magnitude: kept), exponent: exponent + surplus)
    }

    // MARK: Reading

    var isNegative: Bool { coefficient.sign == .minus && !coefficient.isZero }

    /// Significant digits in ASCII without zeros at either end, none for zero, and the power of ten of the first one.
    func digits() -> (digits: [UInt8], magnitude: Int) {
        guard !coefficient.isZero else { return ([], 0) }
        var digits = Array(String(coefficient.magnitude).utf8)
        let magnitude = exponent + digits.count - 1
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, magnitude)
    }

    /// Of memory beside the value's own; two words lie within it.
    var bytes: Int { max(0, coefficient.magnitude.bitWidth / 8 - 16) }
}

extension BigUInt {
    fileprivate var isOdd: Bool { self & 1 == 1 }
}
