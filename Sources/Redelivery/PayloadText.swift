internal import EventFormats

/// Payloads for people: JSON with a member a line, text as it is, anything else as a hexadecimal dump of its beginning.
public enum PayloadText {
    public enum Form: String, Sendable {
        case empty, json, text, binary
    }

    /// Bytes of a binary payload that are shown.
    private static let shown = 512

    public static func render(_ payload: UnsafeRawBufferPointer) -> (form: Form, lines: [String]) {
        if payload.isEmpty { return (.empty, []) }
        if isJSON(payload) { return (.json, lines(of: indented(payload))) }
        if UTF8Check.isValid(payload), !payload.contains(where: isControl) {
            return (.text, lines(of: String(decoding: payload, as: UTF8.self)))
        }
        return (.binary, dump(payload))
    }

    private static func isJSON(_ bytes: UnsafeRawBufferPointer) -> Bool {
        do throws(JSONError) {
            _ = try JSONScanner.scan(bytes)
            return true
        } catch {
            return false
        }
    }

    /// Not for a terminal: escape sequences among them.
    private static func isControl(_ byte: UInt8) -> Bool {
        byte == 0x7F || (byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D)
    }

    private static func lines(of text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    // MARK: JSON

    /// Only white space between the tokens changes: numbers, escapes and repeated names stay what they are.
    private static func indented(_ json: UnsafeRawBufferPointer) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(json.count * 2)
        var depth = 0
        var isInString = false
        var isEscaped = false
        var index = 0
        func breakLine() {
            out.append(0x0A)
            out.append(contentsOf: repeatElement(0x20, count: 2 * depth))
        }
        while index < json.count {
            let byte = json[index]
            index += 1
            if isInString {
                out.append(byte)
                if isEscaped { isEscaped = false } else if byte == UInt8(ascii: "\\") { isEscaped = true } else if byte == UInt8(ascii: "\"") { isInString = false }
                continue
            }
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: break
            case UInt8(ascii: "\""):
                isInString = true
                out.append(byte)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                out.append(byte)
                while index < json.count, [0x20, 0x09, 0x0A, 0x0D].contains(json[index]) { index += 1 }
                if index < json.count, json[index] == byte + 2 {
                    out.append(json[index])
                    index += 1
                } else {
                    depth += 1
                    breakLine()
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                breakLine()
                out.append(byte)
            case UInt8(ascii: ","):
                out.append(byte)
                breakLine()
            case UInt8(ascii: ":"):
                out.append(byte)
                out.append(0x20)
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    // MARK: Bytes

    /// `00000010  7b 22 69 64 22 3a 31 7d                           {"id":1}`
    private static func dump(_ bytes: UnsafeRawBufferPointer) -> [String] {
        var lines: [String] = []
        let head = bytes.prefix(shown)
        for start in stride(from: 0, to: head.count, by: 16) {
            let row = head[start..<min(start + 16, head.count)]
            let digits = row.map(Hexadecimal.byte).joined(separator: " ")
            let padding = String(repeating: " ", count: 16 * 3 - 1 - digits.utf8.count)
            let text = String(decoding: row.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
            lines.append("\(Hexadecimal.offset(start))  \(digits)\(padding)  \(text)")
        }
        if bytes.count > shown { lines.append("... \(bytes.count - shown) more bytes") }
        return lines
    }
}

public enum Hexadecimal {
    /// Two digits.
    public static func byte(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    static func offset(_ offset: Int) -> String {
        let digits = String(offset, radix: 16)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
    }
}
