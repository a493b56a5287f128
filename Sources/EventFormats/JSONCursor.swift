/// Goes through a JSON text that `JSONScanner` has accepted, once and forwards: into what is wanted, past what is not.
///
/// It looks only at brackets, quotes and separators: the scanner has already seen that everything is in its place.
package struct JSONCursor {
    package typealias Bytes = UnsafeRawBufferPointer

    private let text: Bytes
    private var position = 0
    /// In the string that was passed last.
    package private(set) var hasEscapes = false

    /// - Parameter text: a text that has been validated, perhaps with white space around it.
    package init(_ text: Bytes) { self.text = text }

    /// The first byte of the next value or name, or the bracket that closes the object or array; 0 at the end of the text.
    package mutating func next() -> UInt8 {
        while position < text.count {
            let byte = text[position]
            switch byte {
            case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: ":"): position += 1
            default: return byte
            }
        }
        return 0
    }

    /// Passes the bracket at which `next` stopped.
    package mutating func passBracket() { position += 1 }

    /// Passes the value, or name, at which `next` stopped.
    package mutating func passValue() -> JSONValue {
        let start = position
        var depth = 0
        repeat {
            switch text[position] {
            case UInt8(ascii: "\""): passString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            default:
                if depth > 0 { position += 1 } else { passScalar() }
            }
        } while depth > 0 && position < text.count
        return JSONValue(validated: Bytes(rebasing: text[start..<position]))
    }

    private mutating func passString() {
        position += 1
        hasEscapes = false
        while position < text.count {
            if position + ByteBlock.size <= text.count {
                let plain = ByteBlock(text, at: position).beforeQuoteOrBackslash
                position += plain
                if plain == ByteBlock.size { continue }
            }
            let byte = text[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return
            }
            // What is escaped is passed with the backslash.
            let isEscape = byte == UInt8(ascii: "\\")
            if isEscape { hasEscapes = true }
            position += isEscape ? 2 : 1
        }
    }

    private mutating func passScalar() {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"): return
            default: position += 1
            }
        }
    }
}
