import Glibc

/// What is kept of an answer's header lines, and how much of them is read.
package struct ResponseHead {
    /// Lines over all interim and final answers and trailers together, so that endless 1xx answers end too.
    static let maximumLines = 200
    static let maximumBytes = 64 << 10

    private(set) var lines = 0
    private(set) var byteCount = 0
    /// The empty line after the last answer's headers came. libcurl takes a connection that closes before it for the end of
    /// the headers; we do not: half an answer must not count as a delivery.
    private(set) var isComplete = false
    package private(set) var retryAfter: RetryAfter?
    package private(set) var directive = HTTPResult.Directive.none
    /// Further headers, by their names in lower case.
    package private(set) var kept: [String: String] = [:]
    private let keptNames: [String]
    /// The line before, where something was kept of it: the next one may continue it.
    private var unfolded: [UInt8] = []

    init(keeping names: [String] = []) { keptNames = names }

    /// Takes one line as libcurl delivers it, with its line break. False: too much.
    mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
        lines += 1
        byteCount += line.count
        guard lines <= Self.maximumLines, byteCount <= Self.maximumBytes else { return false }
        if line[0] == 0x20 || line[0] == 0x09 {
            unfold(line)
        } else {
            if !unfolded.isEmpty { unfolded.removeAll() }
            if read(line) { unfolded = Array(line) }
        }
        return true
    }

    /// RFC 9112, section 5.2: a line that begins with a blank belongs to the one before, behind a space.
    private mutating func unfold(_ line: UnsafeRawBufferPointer) {
        guard !unfolded.isEmpty else { return }
        while let end = unfolded.last, Self.isSpace(end) { unfolded.removeLast() }
        unfolded += [0x20] + line.drop { Self.isSpace($0) }
        for name in keptNames where unfolded.withUnsafeBytes({ Self.value($0, of: name) }) != nil { kept[name] = nil }
        let whole = unfolded
        _ = whole.withUnsafeBytes { read($0) }
    }

    /// - Returns: whether something was kept of it.
    private mutating func read(_ line: UnsafeRawBufferPointer) -> Bool {
        var isKept = false
        // Most headers are told apart by their first letter.
        switch line[0] | 0x20 {
        case 0x68 where line.count > 5 && line[4] == 0x2f:  // "HTTP/": another answer begins, the last one counts
            isComplete = false
            retryAfter = nil
            directive = .none
            kept = [:]
        case 0x72:
            if let value = Self.value(line, of: "retry-after") {
                retryAfter = RetryAfter(value)
                isKept = true
            }
        case 0x77:
            if let value = Self.value(line, of: "webhook-delivery") {
                directive = Self.equals(value, "disable") ? .disable : Self.equals(value, "abort-message") ? .abortMessage : .none
                isKept = true
            }
        default:
            if line[0] == 0x0d || line[0] == 0x0a { isComplete = true }
        }
        for name in keptNames where kept[name] == nil {
            if let value = Self.value(line, of: name) {
                kept[name] = String(decoding: value, as: UTF8.self)
                isKept = true
            }
        }
        return isKept
    }

    private static func value(_ line: UnsafeRawBufferPointer, of name: String) -> UnsafeRawBufferPointer? {
        name.utf8.withContiguousStorageIfAvailable { value(line, of: UnsafeRawBufferPointer($0)) } ?? nil
    }

    private static func value(_ line: UnsafeRawBufferPointer, of name: StaticString) -> UnsafeRawBufferPointer? {
        value(line, of: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// The trimmed value when the line's name is this one (in lower case).
    private static func value(_ line: UnsafeRawBufferPointer, of name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let length = name.count
        guard line.count > length, line[length] == 0x3a,
            strncasecmp(
                line.baseAddress!.assumingMemoryBound(to: CChar.self), name.baseAddress!.assumingMemoryBound(to: CChar.self), length) == 0
        else { return nil }
        var start = length + 1
        var end = line.count
        while start < end, isSpace(line[start]) { start += 1 }
        while end > start, isSpace(line[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: line[start..<end])
    }

    private static func equals(_ value: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
        value.count == word.utf8CodeUnitCount
            && strncasecmp(value.baseAddress!.assumingMemoryBound(to: CChar.self), word.cString, value.count) == 0
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}

extension StaticString {
    fileprivate var cString: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}
