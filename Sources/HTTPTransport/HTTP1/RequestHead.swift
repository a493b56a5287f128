import Glibc

/// The bytes before a request's body, in memory that is written again for every request: `POST /path HTTP/1.1`, `Host`, the request's
/// own headers, the endpoint's, `Content-Length`.
package struct RequestHead {
    package private(set) var bytes: UnsafeMutablePointer<UInt8>
    package private(set) var count = 0
    /// Where the endpoint's headers begin.
    private var headersEnd = 0
    private var capacity: Int

    package init(capacity: Int = 512) {
        self.capacity = capacity
        bytes = .allocate(capacity: capacity)
    }

    package func deallocate() { bytes.deallocate() }

    /// - Parameters:
    ///   - beginning: request line and `Host`, with their line breaks.
    ///   - headers: each `Name: value` and a NUL, back to back.
    ///   - end: the endpoint's headers, and `Content-Length: ` without its value.
    package mutating func write(
        beginning: UnsafeRawBufferPointer, headers: UnsafeRawBufferPointer, end: UnsafeRawBufferPointer, bodyCount: Int
    ) {
        count = 0
        append(beginning)
        append(headers: headers)
        headersEnd = count
        append(end)
        appendNumber(bodyCount)
        append("\r\n\r\n")
    }

    mutating func append(_ other: UnsafeRawBufferPointer) {
        guard let source = other.baseAddress else { return }
        reserve(other.count)
        memcpy(bytes + count, source, other.count)
        count += other.count
    }

    mutating func append(_ text: StaticString) { append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)) }

    /// Line breaks become spaces: they would end the header and let a value smuggle in others. A header without a value is written
    /// without the blank behind its colon.
    mutating func append(headers: UnsafeRawBufferPointer) {
        guard let source = headers.baseAddress, headers.count > 0 else { return }
        precondition(headers[headers.count - 1] == 0, "The headers of a request end with a NUL.")
        // Each NUL becomes a line break.
        reserve(headers.count * 2)
        let first = count
        var position = source.assumingMemoryBound(to: CChar.self)
        let last = position + headers.count
        while position < last {
            let length = strlen(position)
            guard let colon = memchr(position, 0x3a, length) else { preconditionFailure("A header is written 'Name: value'.") }
            let name = UnsafeRawPointer(colon) - UnsafeRawPointer(position) + 1
            let isEmpty = strspn(position + name, " \t") == length - name
            memcpy(bytes + count, position, isEmpty ? name : length)
            count += isEmpty ? name : length
            // A NUL for now, so that the line breaks of values can be told from those between headers.
            bytes[count] = 0
            bytes[count + 1] = 0x0a
            count += 2
            position += length + 1
        }
        blankLineBreaks(from: first, hasAny: memchr(source, 0x0a, headers.count) != nil || memchr(source, 0x0d, headers.count) != nil)
    }

    private mutating func blankLineBreaks(from first: Int, hasAny: Bool) {
        if hasAny {
            for index in first..<count where bytes[index] == 0x0d || bytes[index] == 0x0a && (index == first || bytes[index - 1] != 0) {
                bytes[index] = 0x20
            }
        }
        var rest = bytes + first
        let end = bytes + count
        while rest < end, let found = memchr(rest, 0, end - rest) {
            rest = found.assumingMemoryBound(to: UInt8.self)
            rest[0] = 0x0d
            rest += 2
        }
    }

    /// The request's own headers, as they were given.
    ///
    /// - Parameter start: where the beginning ends.
    func headers(from start: Int) -> [UInt8] {
        var list: [UInt8] = []
        for index in start..<headersEnd where bytes[index] != 0x0d { list.append(bytes[index] == 0x0a ? 0 : bytes[index]) }
        return list
    }

    private mutating func appendNumber(_ number: Int) {
        reserve(20)
        var digits = 1
        var limit = 10
        while digits < 19, number >= limit {
            digits += 1
            if digits < 19 { limit *= 10 }
        }
        var rest = number
        for index in stride(from: count + digits - 1, through: count, by: -1) {
            bytes[index] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
            rest /= 10
        }
        count += digits
    }

    private mutating func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        capacity = max(capacity * 2, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        memcpy(larger, bytes, count)
        bytes.deallocate()
        bytes = larger
    }
}
