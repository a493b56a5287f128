/// Appends the parts of a signature header to memory that is there already.
struct HeaderValueWriter {
    private let target: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ target: UnsafeMutableRawBufferPointer) { self.target = target }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        rest.copyMemory(from: bytes)
        count += bytes.count
    }

    /// - Parameter separator: stands before every item but the first.
    mutating func beginItem(_ text: StaticString, separator: StaticString) {
        if count > 0 { append(separator) }
        append(text)
    }

    /// Needs room for one byte more than that.
    mutating func append(base64 bytes: UnsafeRawBufferPointer) { count += Base64.encode(bytes, into: rest) }

    mutating func append(hex bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            target[count] = Hex.digit(byte >> 4)
            target[count + 1] = Hex.digit(byte & 15)
            count += 2
        }
    }

    private var rest: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: target[count...]) }
}

/// Small letters, as signatures are compared byte by byte.
enum Hex {
    static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }

    static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { bytes.flatMap { [digit($0 >> 4), digit($0 & 15)] } }
}

/// The decimal digits of a number, on the stack.
enum DecimalText {
    /// Bytes of the longest number.
    static let longest = 20

    static func with(_ value: Int64, _ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: longest, alignment: 1) { digits in
            var start = digits.count
            var rest = value.magnitude
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            if value < 0 {
                start -= 1
                digits[start] = UInt8(ascii: "-")
            }
            body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start...]))
        }
    }
}
