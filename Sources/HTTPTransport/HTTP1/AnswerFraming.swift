import Glibc

/// What an answer's header lines say about where its body ends and whether the connection goes on.
///
/// RFC 9112, section 6.3, and stricter: an answer whose length can be read in two ways is refused, as is a header line that continues
/// on the next one (`obs-fold`), holds a NUL or a CR of its own, or has no colon.
struct AnswerFraming {
    enum Body: Equatable {
        /// There will be another answer.
        case interim
        case bytes(Int)
        case chunks
        /// Everything until the connection ends.
        case toEnd
    }

    private var length: Int?
    private var hasTransferCoding = false
    private var isChunked = false
    private var saysClose = false
    private var saysKeepAlive = false

    /// Takes a header line with its line break. False: it is none.
    mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
        guard Self.isField(line) else { return false }
        switch line[0] | 0x20 {
        case 0x63:  // c
            if let value = Self.value(line, of: "content-length") { return take(length: value) }
            if let value = Self.value(line, of: "connection") { take(connection: value) }
        case 0x74:  // t
            if let value = Self.value(line, of: "transfer-encoding") {
                hasTransferCoding = true
                // Whatever was applied before: nothing is unpacked here.
                Self.forEachElement(of: value) { isChunked = Self.equals($0, "chunked") }
            }
        default: break
        }
        return !Self.isBadlyNamed(line)
    }

    /// Nil: contradictory.
    func body(status: Int) -> Body? {
        if status < 200 { return .interim }
        if hasTransferCoding && length != nil { return nil }
        if status == 204 || status == 304 { return .bytes(0) }
        if isChunked { return .chunks }
        if hasTransferCoding { return .toEnd }
        return length.map { .bytes($0) } ?? .toEnd
    }

    func keepsConnection(version: Int) -> Bool {
        // A server of HTTP/1.0 does not know chunks; who sends them all the same is not trusted with another request.
        version == 11 ? !saysClose : saysKeepAlive && !saysClose && !hasTransferCoding
    }

    /// Whether a line is a header at all: one line, with a name.
    static func isField(_ line: UnsafeRawBufferPointer) -> Bool {
        let base = line.baseAddress!
        var end = line.count - 1
        if end > 0, line[end - 1] == 0x0d { end -= 1 }
        guard let colon = memchr(base, 0x3a, end), colon > UnsafeMutableRawPointer(mutating: base), line[0] != 0x20, line[0] != 0x09 else { return false }
        return memchr(base, 0x00, end) == nil && memchr(base, 0x0d, end) == nil
    }

    /// A space before the colon of what frames the body: some would read it, others not.
    private static func isBadlyNamed(_ line: UnsafeRawBufferPointer) -> Bool {
        for name: StaticString in ["content-length", "transfer-encoding"] where line.count > name.utf8CodeUnitCount {
            let next = line[name.utf8CodeUnitCount]
            if next == 0x20 || next == 0x09, begins(line, name) { return true }
        }
        return false
    }

    private mutating func take(length value: UnsafeRawBufferPointer) -> Bool {
        guard !value.isEmpty, value.count <= 18, value.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        let number = value.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard length == nil || length == number else { return false }
        length = number
        return true
    }

    private mutating func take(connection value: UnsafeRawBufferPointer) {
        Self.forEachElement(of: value) {
            if Self.equals($0, "close") { saysClose = true }
            if Self.equals($0, "keep-alive") { saysKeepAlive = true }
        }
    }

    // MARK: Words

    /// The trimmed value when the line's name is this one.
    private static func value(_ line: UnsafeRawBufferPointer, of name: StaticString) -> UnsafeRawBufferPointer? {
        let length = name.utf8CodeUnitCount
        guard line.count > length, line[length] == 0x3a, begins(line, name) else { return nil }
        return trimmed(UnsafeRawBufferPointer(rebasing: line[(length + 1)...]))
    }

    private static func begins(_ line: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        strncasecmp(
            line.baseAddress!.assumingMemoryBound(to: CChar.self), UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self),
            name.utf8CodeUnitCount) == 0
    }

    private static func equals(_ value: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
        value.count == word.utf8CodeUnitCount && begins(value, word)
    }

    private static func forEachElement(of list: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var rest = list
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x2c) ?? rest.count
            let element = trimmed(UnsafeRawBufferPointer(rebasing: rest[..<end]))
            if !element.isEmpty { body(element) }
            rest = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.count)...])
        }
    }

    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = 0
        var end = bytes.count
        while start < end, isBlank(bytes[start]) { start += 1 }
        while end > start, isBlank(bytes[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }
}

/// `HTTP/1.1 200 OK`, the reason left out or not.
struct StatusLine {
    let status: Int
    /// 10 or 11.
    let version: Int

    /// Nil: another version, or no status line at all.
    init?(_ line: UnsafeRawBufferPointer) {
        guard line.count > 12, Self.mayBegin(line), line[7] == 0x30 || line[7] == 0x31, line[8] == 0x20,
            let hundreds = Self.digit(line[9]), let tens = Self.digit(line[10]), let ones = Self.digit(line[11]), hundreds > 0
        else { return nil }
        switch line[12] {
        case 0x20, 0x0a: break
        case 0x0d where line.count == 14: break
        default: return nil
        }
        let end = line.count - (line[line.count - 2] == 0x0d ? 2 : 1)
        guard memchr(line.baseAddress!, 0x00, end) == nil, memchr(line.baseAddress!, 0x0d, end) == nil else { return nil }
        status = hundreds * 100 + tens * 10 + ones
        version = line[7] == 0x30 ? 10 : 11
    }

    /// Whether these bytes may be the beginning of one.
    static func mayBegin(_ bytes: UnsafeRawBufferPointer) -> Bool { memcmp(bytes.baseAddress!, beginning.utf8Start, min(bytes.count, 7)) == 0 }

    private static var beginning: StaticString { "HTTP/1." }

    private static func digit(_ byte: UInt8) -> Int? { byte >= 0x30 && byte <= 0x39 ? Int(byte - 0x30) : nil }
}

enum ChunkSize {
    /// Of a line that says only a size: digits and line break.
    static let longest = 18

    /// Nil: no number, or one that is too large.
    static func parse(_ line: UnsafeRawBufferPointer) -> Int? {
        var size = 0
        var digits = 0
        for byte in line {
            let digit: Int
            switch byte {
            case 0x30...0x39: digit = Int(byte - 0x30)
            case 0x41...0x46, 0x61...0x66: digit = Int(byte | 0x20) - 0x57
            // What follows are extensions, which nobody reads.
            case 0x20, 0x09, 0x0d, 0x0a, 0x3b: return digits > 0 ? size : nil
            default: return nil
            }
            digits += 1
            guard digits <= 16, size < 1 << 56 else { return nil }
            size = size << 4 | digit
        }
        return nil
    }
}
