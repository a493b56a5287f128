import EventModel

/// What CloudEvents 1.0 allows in names and values of attributes ("Naming Conventions", "Type System").
///
/// The checks answer with what is wrong, as the end of a sentence that begins with the attribute's name, or with nil.
package enum AttributeRules {
    package typealias Bytes = UnsafeRawBufferPointer

    static func isName(_ name: Bytes) -> Bool {
        !name.isEmpty && name.allSatisfy(ASCIISet.attributeName.contains) && !name.equals("data")
    }

    /// A `String`: UTF-8 without control characters and noncharacters.
    static func problem(text: Bytes) -> StaticString? {
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x80 {
                if byte < 0x20 || byte == 0x7F { return "has a control character" }
                index += 1
                continue
            }
            let length = UTF8Check.sequenceLength(text, at: index)
            guard length > 0 else { return "is not UTF-8" }
            let scalar = UTF8Check.scalar(text, at: index, length: length)
            if scalar < 0xA0 { return "has a control character" }
            if scalar & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(scalar) { return "has a character that is none" }
            index += length
        }
        return nil
    }

    /// A non-empty `String`.
    package static func problem(nonEmpty text: Bytes) -> StaticString? {
        text.isEmpty ? "is empty" : problem(text: text)
    }

    /// A non-empty `URI-reference` (RFC 3986, 4.1): its characters, its percent signs, and no colon in a first segment
    /// that is no scheme.
    static func problem(uriReference text: Bytes) -> StaticString? {
        guard !text.isEmpty else { return "is empty" }
        var fragment = false
        for index in 0..<text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < text.count, JSONValue.hexadecimal(text[index + 1]) != nil,
                    JSONValue.hexadecimal(text[index + 2]) != nil
                else { return "has a percent sign without two hexadecimal digits" }
            } else if byte == UInt8(ascii: "#") {
                if fragment { return "is not a URI reference" }
                fragment = true
            } else if !ASCIISet.uri.contains(byte) {
                return "has a character that a URI must percent-encode"
            }
        }
        return startsLikeURIReference(text) ? nil : "is not a URI reference"
    }

    /// A `URI`: a reference that begins with a scheme.
    static func problem(uri text: Bytes) -> StaticString? {
        if let problem = problem(uriReference: text) { return problem }
        return schemeLength(text) == nil ? "is not an absolute URI" : nil
    }

    private static func startsLikeURIReference(_ text: Bytes) -> Bool {
        for byte in text {
            switch byte {
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): return true
            case UInt8(ascii: ":"): return schemeLength(text) != nil
            default: continue
            }
        }
        return true
    }

    private static func schemeLength(_ text: Bytes) -> Int? {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return nil }
        let first = text[0] | 0x20
        guard first >= UInt8(ascii: "a"), first <= UInt8(ascii: "z") else { return nil }
        return text[..<colon].allSatisfy(ASCIISet.scheme.contains) ? colon : nil
    }

    /// A `Timestamp` (RFC 3339, 5.6). Leap seconds are taken at any minute's end.
    static func problem(timestamp text: Bytes) -> StaticString? {
        isTimestamp(text) ? nil : "is not an RFC 3339 time"
    }

    private static func isTimestamp(_ text: Bytes) -> Bool {
        guard text.count >= 20, text.count <= 64 else { return false }
        func number(_ start: Int, _ count: Int) -> Int? {
            var value = 0
            for index in start..<start + count {
                guard index < text.count, JSONValue.isDigit(text[index]) else { return nil }
                value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
            }
            return value
        }
        func has(_ character: UInt8, at index: Int) -> Bool { index < text.count && text[index] == character }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
            let minute = number(14, 2), let second = number(17, 2),
            has(UInt8(ascii: "-"), at: 4), has(UInt8(ascii: "-"), at: 7), text[10] | 0x20 == UInt8(ascii: "t"),
            has(UInt8(ascii: ":"), at: 13), has(UInt8(ascii: ":"), at: 16),
            (1...12).contains(month), day >= 1, day <= CivilDate.days(inMonth: month, of: year),
            hour <= 23, minute <= 59, second <= 60
        else { return false }
        var index = 19
        if has(UInt8(ascii: "."), at: index) {
            let start = index + 1
            index = start
            while index < text.count, JSONValue.isDigit(text[index]) { index += 1 }
            guard index > start else { return false }
        }
        guard index < text.count else { return false }
        switch text[index] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            return index + 1 == text.count
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard index + 6 == text.count, let hours = number(index + 1, 2), has(UInt8(ascii: ":"), at: index + 3),
                let minutes = number(index + 4, 2)
            else { return false }
            return hours <= 23 && minutes <= 59
        default:
            return false
        }
    }

    /// An `Integer`: 32 bits, only digits and perhaps a minus sign.
    static func problem(integer text: Bytes) -> StaticString? {
        var value = 0
        for (index, byte) in text.enumerated() {
            if index == 0, byte == UInt8(ascii: "-") { continue }
            guard JSONValue.isDigit(byte) else { return "is a number with a fraction or an exponent" }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            guard value <= 1 << 31 else { return "is outside the range of a 32-bit integer" }
        }
        let negative = text.first == UInt8(ascii: "-")
        return value == 1 << 31 && !negative ? "is outside the range of a 32-bit integer" : nil
    }

    /// A media type as `Content-Type` has it: `type/subtype`, perhaps with parameters, printable ASCII.
    static func problem(mediaType text: Bytes) -> StaticString? {
        MediaType(text) == nil ? "is not a media type" : nil
    }
}
