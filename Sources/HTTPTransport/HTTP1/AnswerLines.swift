import Glibc

/// `HTTP/1.1 200 OK`, the reason left out or not.
struct StatusLine {
    let status: Int
    /// 10 or 11; 20 from who writes that in HTTP/1.1's way.
    let version: Int
    /// Written as RFC 9112 says.
    let isPlain: Bool

    /// Nil: another version, or no status line at all.
    init?(_ line: UnsafeRawBufferPointer) {
        guard Self.mayBegin(line), line.count > 12, memchr(line.baseAddress!, 0x00, line.count) == nil else { return nil }
        var position = Self.beginning.utf8CodeUnitCount
        switch (line[position], line[position + 1], line[position + 2]) {
        case (0x31, 0x2e, 0x30): (version, position) = (10, position + 3)
        case (0x31, 0x2e, 0x31): (version, position) = (11, position + 3)
        case (0x32, 0x2e, 0x30): (version, position) = (20, position + 3)
        case (0x32, 0x20, _): (version, position) = (20, position + 1)
        default: return nil
        }
        let blanks = line[position...].prefix { $0 == 0x20 }.count
        position += blanks
        guard blanks > 0, position + 3 < line.count, let hundreds = Self.digit(line[position]), let tens = Self.digit(line[position + 1]),
            let ones = Self.digit(line[position + 2]), hundreds > 0, Self.digit(line[position + 3]) == nil
        else { return nil }
        status = hundreds * 100 + tens * 10 + ones
        let next = line[position + 3]
        let bareCR = memchr(line.baseAddress!, 0x0d, line.count).map { UnsafeRawPointer($0) - line.baseAddress! != line.count - 2 } ?? false
        let isUpper = line[..<4].allSatisfy { $0 & 0x20 == 0 }
        isPlain = isUpper && version != 20 && blanks == 1 && (next == 0x20 || next == 0x0d || next == 0x0a) && !bareCR
    }

    /// Whether these bytes may be the beginning of one.
    static func mayBegin(_ bytes: UnsafeRawBufferPointer) -> Bool {
        strncasecmp(
            bytes.baseAddress!.assumingMemoryBound(to: CChar.self), UnsafeRawPointer(beginning.utf8Start).assumingMemoryBound(to: CChar.self),
            min(bytes.count, beginning.utf8CodeUnitCount)) == 0
    }

    private static var beginning: StaticString { "HTTP/" }

    private static func digit(_ byte: UInt8) -> Int? { byte >= 0x30 && byte <= 0x39 ? Int(byte - 0x30) : nil }
}

/// The line before a chunk.
struct ChunkSize {
    /// Of a line that says only a size: digits and line break.
    static let longest = 18

    let size: Int
    /// Written as RFC 9112 says.
    let isPlain: Bool

    /// Nil: no number, or one that is too large.
    init?(_ line: UnsafeRawBufferPointer) {
        var size = 0
        var digits = 0
        for byte in line {
            let digit: Int
            switch byte {
            case 0x30...0x39: digit = Int(byte - 0x30)
            case 0x41...0x46, 0x61...0x66: digit = Int(byte | 0x20) - 0x57
            default:
                guard digits > 0 else { return nil }
                self.size = size
                // What follows are extensions, which nobody reads.
                isPlain = [0x20, 0x09, 0x0d, 0x0a, 0x3b].contains(byte)
                return
            }
            digits += 1
            guard digits <= 16, size < 1 << 59 else { return nil }
            size = size << 4 | digit
        }
        return nil
    }
}
