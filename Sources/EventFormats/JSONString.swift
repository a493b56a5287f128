import Glibc

/// What a JSON string says once its escapes are resolved.
extension JSONValue {
    /// The inside of a string, escapes as they are. Empty for any other kind.
    public var stringBody: Bytes {
        kind == .string ? Bytes(rebasing: raw[1..<raw.count - 1]) : Bytes(rebasing: raw[0..<0])
    }

    public var hasEscapes: Bool {
        let body = stringBody
        guard let start = body.baseAddress, body.count > 0 else { return false }
        return memchr(start, Int32(UInt8(ascii: "\\")), body.count) != nil
    }

    /// Appends a string's text as UTF-8; never more bytes than `raw` has.
    ///
    /// - Returns: false when an escape names half a surrogate pair, which is no character; then nothing is appended.
    public func appendUnescaped(to writer: ByteWriter) -> Bool {
        let start = writer.count
        var unescaper = JSONUnescaper(stringBody)
        while let byte = unescaper.next() { writer.append(byte) }
        if unescaper.isValid { return true }
        writer.truncate(to: start)
        return false
    }

    /// What a string says; nil for any other kind, and for half a surrogate pair, which is no text.
    package var unescaped: String? {
        guard kind == .string else { return nil }
        let writer = ByteWriter(capacity: raw.count)
        return appendUnescaped(to: writer) ? String(decoding: writer.bytes, as: UTF8.self) : nil
    }

    /// Whether an escape of a string names half a surrogate pair, so that it is no text.
    package var hasHalfSurrogatePair: Bool {
        guard hasEscapes else { return false }
        var unescaper = JSONUnescaper(stringBody)
        while unescaper.next() != nil {}
        return !unescaper.isValid
    }

    /// Whether a string says `text` (UTF-8).
    public func stringEquals(_ text: Bytes) -> Bool {
        let body = stringBody
        if body.equals(text) { return !hasEscapes }
        guard body.count > text.count else { return false }
        var unescaper = JSONUnescaper(body)
        for byte in text where unescaper.next() != byte { return false }
        return unescaper.next() == nil && unescaper.isValid
    }

    /// Whether a string's text comes before another's, by their UTF-8 bytes, which is the order of their code points.
    package func textPrecedes(_ other: JSONValue) -> Bool {
        var own = JSONUnescaper(stringBody)
        var others = JSONUnescaper(other.stringBody)
        while let theirs = others.next() {
            guard let ours = own.next() else { return true }
            if ours != theirs { return ours < theirs }
        }
        return false
    }
}

/// The bytes that a JSON string says, one by one, with its escapes resolved.
package struct JSONStringBytes {
    private var unescaper: JSONUnescaper

    package init(_ string: JSONValue) { unescaper = JSONUnescaper(string.stringBody) }

    package mutating func next() -> UInt8? { unescaper.next() }

    /// False behind an escape of half a surrogate pair; then there are no more bytes.
    package var isText: Bool { unescaper.isValid }
}

/// Resolves the escapes of a validated JSON string byte by byte.
struct JSONUnescaper {
    private let body: UnsafeRawBufferPointer
    private var position = 0
    /// Bytes of the last escape that have not been handed out yet, the first one lowest.
    private var pending: UInt32 = 0
    private var pendingCount = 0
    /// False after an escape of a lone surrogate; then there are no more bytes.
    private(set) var isValid = true

    init(_ body: UnsafeRawBufferPointer) { self.body = body }

    mutating func next() -> UInt8? {
        if pendingCount > 0 {
            let byte = UInt8(truncatingIfNeeded: pending)
            pending >>= 8
            pendingCount -= 1
            return byte
        }
        guard isValid, position < body.count else { return nil }
        let byte = body[position]
        position += 1
        guard byte == UInt8(ascii: "\\") else { return byte }
        let escape = body[position]
        position += 1
        switch escape {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): return nextOfUnicodeEscape()
        default: return escape
        }
    }

    private mutating func nextOfUnicodeEscape() -> UInt8? {
        var value = codeUnit()
        if value & 0xF800 == 0xD800 {
            // Only a high surrogate with its low one right behind is a character.
            guard value < 0xDC00, position + 6 <= body.count, body[position] == UInt8(ascii: "\\"),
                body[position + 1] == UInt8(ascii: "u")
            else { return fail() }
            position += 2
            let low = codeUnit()
            guard low & 0xFC00 == 0xDC00 else { return fail() }
            value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
        }
        guard let scalar = Unicode.Scalar(value), let encoded = UTF8.encode(scalar) else { return fail() }
        for (index, unit) in encoded.enumerated() { pending |= UInt32(unit) << UInt32(8 * index) }
        pendingCount = encoded.count
        return next()
    }

    private mutating func codeUnit() -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            value = value << 4 | (JSONValue.hexadecimal(body[position]) ?? 0)
            position += 1
        }
        return value
    }

    private mutating func fail() -> UInt8? {
        isValid = false
        return nil
    }
}
