import EventModel

/// Encodings that a body or a header needs, written without anything in between.
extension ByteWriter {
    private static let hexadecimal: StaticString = "0123456789ABCDEF"

    private func appendHexadecimal(_ byte: UInt8) {
        append(ByteWriter.hexadecimal.utf8Start[Int(byte >> 4)])
        append(ByteWriter.hexadecimal.utf8Start[Int(byte & 15)])
    }

    /// As 16 lower-case digits.
    package func append(hexadecimal value: UInt64) {
        append(upTo: 16) { target in
            for i in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * i)) & 15
                target[i] = digit < 10 ? 0x30 + digit : 0x57 + digit
            }
            return 16
        }
    }

    /// `text`, which must be UTF-8, as the inside of a JSON string (RFC 8259, 7), without the quotes.
    public func appendJSONEscaped(_ text: UnsafeRawBufferPointer) {
        reserve(text.count)
        var clean = 0
        for index in 0..<text.count {
            let byte = text[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            append(UnsafeRawBufferPointer(rebasing: text[clean..<index]))
            clean = index + 1
            switch byte {
            case UInt8(ascii: "\""): append("\\\"" as StaticString)
            case UInt8(ascii: "\\"): append("\\\\" as StaticString)
            case 0x08: append("\\b" as StaticString)
            case 0x09: append("\\t" as StaticString)
            case 0x0A: append("\\n" as StaticString)
            case 0x0C: append("\\f" as StaticString)
            case 0x0D: append("\\r" as StaticString)
            default:
                append("\\u00" as StaticString)
                appendHexadecimal(byte)
            }
        }
        append(UnsafeRawBufferPointer(rebasing: text[clean...]))
    }

    /// `text`, which must be UTF-8, as a JSON string with its quotes.
    public func appendJSONString(_ text: UnsafeRawBufferPointer) {
        append(UInt8(ascii: "\""))
        appendJSONEscaped(text)
        append(UInt8(ascii: "\""))
    }

    /// Each byte outside `kept` as `%XY` with upper-case digits.
    public func appendPercentEncoded(_ text: UnsafeRawBufferPointer, keeping kept: ASCIISet) {
        var clean = 0
        for index in 0..<text.count where !kept.contains(text[index]) {
            append(UnsafeRawBufferPointer(rebasing: text[clean..<index]))
            clean = index + 1
            append(UInt8(ascii: "%"))
            appendHexadecimal(text[index])
        }
        append(UnsafeRawBufferPointer(rebasing: text[clean...]))
    }

    /// `kafka:<topic>`, a URI whose path is the topic's name: the source of events that come from there without saying another.
    package func append(sourceOfTopic topic: String) {
        append("kafka:" as StaticString)
        var topic = topic
        topic.withUTF8 { appendPercentEncoded(UnsafeRawBufferPointer($0), keeping: .unreserved) }
    }

    /// Base64 with padding (RFC 4648, 4).
    public func appendBase64(_ data: UnsafeRawBufferPointer) {
        append(upTo: (data.count + 2) / 3 * 4) { Base64.encode(data, into: $0) }
    }

    /// Replaces the base64 text written from `position` on by what it says.
    ///
    /// - Returns: false when it is not base64; its bytes are of no use then.
    package func decodeBase64(from position: Int) -> Bool {
        guard let decoded = Base64.decode(inPlace: mutableBytes(from: position)) else { return false }
        truncate(to: position + decoded)
        return true
    }

    /// A time as RFC 3339 in UTC with milliseconds: `2018-04-05T17:31:00.000Z`.
    ///
    /// - Parameter milliseconds: since 1970, from year 0 to 9999.
    public func appendRFC3339(milliseconds: Int64) {
        let day = CivilDate.milliseconds(perDay: milliseconds)
        let date = CivilDate(daysSince1970: day.days)
        append(date.year, width: 4)
        append(UInt8(ascii: "-"))
        append(date.month, width: 2)
        append(UInt8(ascii: "-"))
        append(date.day, width: 2)
        append(UInt8(ascii: "T"))
        append(day.rest / 3_600_000, width: 2)
        append(UInt8(ascii: ":"))
        append(day.rest / 60_000 % 60, width: 2)
        append(UInt8(ascii: ":"))
        append(day.rest / 1000 % 60, width: 2)
        append(UInt8(ascii: "."))
        append(day.rest % 1000, width: 3)
        append(UInt8(ascii: "Z"))
    }
}
