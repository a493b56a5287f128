import Glibc

/// What an answer's header lines say about where its body ends and whether the connection goes on.
///
/// RFC 9112, section 6.3. Much that is not written as it says has one likely meaning, libcurl's: it is taken for that, because the endpoint
/// did answer. But a connection whose answer another reader could have ended elsewhere is not used again. Refused is what means nothing: a
/// length without a number, a line without a colon or with a NUL, a first line that continues another.
struct AnswerFraming {
    enum Body: Equatable {
        /// There will be another answer.
        case interim
        case bytes(Int)
        case chunks
        /// Everything until the connection ends.
        case toEnd
    }

    private enum Length: Equatable {
        case none
        /// The number may stand on the next line.
        case empty
        case bytes(Int)
        case tooLarge
        case malformed
    }

    private enum Field { case length, transferCoding, connection, other }

    private var length = Length.none
    private var hasTransferCoding = false
    private var isChunked = false
    private var saysClose = false
    private var saysKeepAlive = false
    /// What a line that begins with a blank continues.
    private var last: Field?
    /// Nobody could have read it in another way.
    private var isPlain = true

    /// Takes a header line with its line break. False: it is none.
    mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
        guard !Self.isContinuation(line) else {
            guard let last, !Self.holdsNUL(line) else { return false }
            isPlain = false
            more(Self.trimmed(line), of: last)
            return true
        }
        guard Self.isField(line) else { return false }
        if Self.holdsBareCR(line) { isPlain = false }
        last = .other
        switch line[0] | 0x20 {
        case 0x63:  // c
            if let value = Self.value(line, of: "content-length") { take(length: value) }
            if let value = Self.value(line, of: "connection") { take(connection: value) }
            if Self.isBadlyNamed(line, "content-length") { isPlain = false }
        case 0x74:  // t
            if let value = Self.value(line, of: "transfer-encoding") { take(transferCodings: value) }
            if Self.isBadlyNamed(line, "transfer-encoding") { isPlain = false }
        case 0x3a: isPlain = false  // without a name
        default: break
        }
        return true
    }

    /// Nil: there is no telling.
    func body(status: Int) -> Body? {
        if status < 200 { return .interim }
        if status == 204 || status == 304 { return .bytes(0) }
        if length == .empty || length == .malformed { return nil }
        if isChunked { return .chunks }
        if !hasTransferCoding, case .bytes(let count) = length { return .bytes(count) }
        return .toEnd
    }

    func keepsConnection(version: Int) -> Bool {
        guard isPlain, length == .none || !hasTransferCoding else { return false }
        // A server of HTTP/1.0 does not know chunks; who sends them all the same is not trusted with another request.
        return version == 11 ? !saysClose : saysKeepAlive && !saysClose && !hasTransferCoding
    }

    /// Whether a line behind the chunks is a trailer.
    static func isTrailer(_ line: UnsafeRawBufferPointer) -> Bool { isContinuation(line) ? !holdsNUL(line) : isField(line) }

    // MARK: Fields

    private mutating func take(length value: UnsafeRawBufferPointer) {
        last = .length
        let new = read(length: value)
        switch length {
        case .none: length = new
        case .empty, .malformed: length = .malformed
        case .bytes, .tooLarge:
            if new != length { isPlain = false }
            length = new == .empty ? .malformed : new
        }
    }

    private mutating func take(transferCodings value: UnsafeRawBufferPointer) {
        last = .transferCoding
        hasTransferCoding = true
        // Whatever was applied before: nothing is unpacked here.
        Self.forEachElement(of: value) { if !Self.equals($0, "identity") { isChunked = Self.equals($0, "chunked") } }
    }

    private mutating func take(connection value: UnsafeRawBufferPointer) {
        last = .connection
        Self.forEachElement(of: value) {
            if Self.equals($0, "close") { saysClose = true }
            if Self.equals($0, "keep-alive") { saysKeepAlive = true }
        }
    }

    private mutating func more(_ value: UnsafeRawBufferPointer, of field: Field) {
        switch field {
        case .length: if length == .empty { length = read(length: value) }
        case .transferCoding: take(transferCodings: value)
        case .connection: take(connection: value)
        case .other: break
        }
    }

    /// The number that a length begins with.
    private mutating func read(length value: UnsafeRawBufferPointer) -> Length {
        guard !value.isEmpty else { return .empty }
        let digits = UnsafeRawBufferPointer(rebasing: value[(value[0] == 0x2b ? 1 : 0)...].prefix { (0x30...0x39).contains($0) })
        if digits.count < value.count { isPlain = false }
        guard !digits.isEmpty else { return .malformed }
        var number = 0
        for digit in digits {
            let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = tens.addingReportingOverflow(Int(digit - 0x30))
            guard !isTooLarge, !isLarger else { return .tooLarge }
            number = sum
        }
        return .bytes(number)
    }

    // MARK: Lines

    /// `obs-fold`.
    private static func isContinuation(_ line: UnsafeRawBufferPointer) -> Bool { line[0] == 0x20 || line[0] == 0x09 }

    private static func isField(_ line: UnsafeRawBufferPointer) -> Bool { memchr(line.baseAddress!, 0x3a, line.count) != nil && !holdsNUL(line) }

    private static func holdsNUL(_ line: UnsafeRawBufferPointer) -> Bool { memchr(line.baseAddress!, 0x00, line.count) != nil }

    /// Which some take for the end of the line.
    private static func holdsBareCR(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let found = memchr(line.baseAddress!, 0x0d, line.count) else { return false }
        return UnsafeRawPointer(found) - line.baseAddress! != line.count - 2
    }

    /// A blank before the colon, which makes it another name for some.
    private static func isBadlyNamed(_ line: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        guard line.count > name.utf8CodeUnitCount else { return false }
        return isBlank(line[name.utf8CodeUnitCount]) && begins(line, name)
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
