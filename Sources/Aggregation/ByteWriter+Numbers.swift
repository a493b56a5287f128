import EventFormats

extension ByteWriter {
    /// A number in the one form that it has here: plain notation without needless zeros; with an exponent only where plain
    /// notation would fill a line with zeros.
    ///
    /// - Parameters:
    ///   - digits: significant digits in ASCII, without zeros at either end; none for zero.
    ///   - magnitude: the power of ten of the first one.
    func append(isNegative: Bool, digits: some Sequence<UInt8>, count: Int, magnitude: Int) {
        guard count > 0 else { return append(UInt8(ascii: "0")) }
        let longestZeros = 60
        let lowest = magnitude - count + 1
        let hasExponent = lowest > longestZeros || -magnitude > longestZeros
        // The point stands behind the digit of this place.
        let ones = hasExponent ? magnitude : 0
        if isNegative { append(UInt8(ascii: "-")) }
        var place = magnitude
        if place < ones {
            append("0." as StaticString)
            for _ in place + 1..<ones { append(UInt8(ascii: "0")) }
        }
        for digit in digits {
            if place == ones - 1, place < magnitude { append(UInt8(ascii: ".")) }
            append(digit)
            place -= 1
        }
        while place >= ones {
            append(UInt8(ascii: "0"))
            place -= 1
        }
        if hasExponent {
            append(UInt8(ascii: "e"))
            append(decimal: Int64(magnitude))
        }
    }

    func append(_ number: Numeral) {
        append(isNegative: number.isNegative, digits: number.digits, count: number.count, magnitude: number.magnitude)
    }

    func append(_ number: ExactDecimal) {
        let (digits, magnitude) = number.digits()
        append(isNegative: number.isNegative, digits: digits, count: digits.count, magnitude: magnitude)
    }
}
