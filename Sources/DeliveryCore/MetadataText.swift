/// Unsigned numbers, seven bits to a byte, the least significant first.
enum LEB128 {
    static func append(_ value: UInt64, to bytes: inout ContiguousArray<UInt8>) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Small numbers of either sign stay short.
    static func append(zigzag value: Int64, to bytes: inout ContiguousArray<UInt8>) {
        append(UInt64(bitPattern: value << 1 ^ value >> 63), to: &bytes)
    }

    /// Ranges, ascending, as lengths of gaps and runs in turn. Those that would make the bytes more than `room` are left out,
    /// the last ones first; true when all fitted.
    static func append(_ runs: ContiguousArray<Range<Int64>>, from start: Int64, room: Int, to bytes: inout ContiguousArray<UInt8>) -> Bool {
        var cursor = start
        for run in runs {
            let before = bytes.count
            append(UInt64(run.lowerBound - cursor), to: &bytes)
            append(UInt64(run.upperBound - run.lowerBound), to: &bytes)
            if bytes.count > room {
                bytes.removeLast(bytes.count - before)
                return false
            }
            cursor = run.upperBound
        }
        return true
    }

    static func read(_ bytes: [UInt8], _ position: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    static func readZigzag(_ bytes: [UInt8], _ position: inout Int) -> Int64? {
        read(bytes, &position).map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }

    /// The rest of the bytes, as `append(_:from:room:to:)` wrote them.
    static func readRuns(_ bytes: [UInt8], _ position: inout Int, from start: Int64) -> ContiguousArray<Range<Int64>>? {
        var runs = ContiguousArray<Range<Int64>>()
        var offset = start
        while position < bytes.count {
            guard let gap = read(bytes, &position), let length = read(bytes, &position), length > 0, gap < 1 << 62, length < 1 << 62
            else { return nil }
            let (first, overflow) = offset.addingReportingOverflow(Int64(gap))
            let (end, overflow2) = first.addingReportingOverflow(Int64(length))
            guard !overflow, !overflow2 else { return nil }
            runs.append(first..<end)
            offset = end
        }
        return runs
    }
}

/// Base64 with `-` and `_`, without padding (RFC 4648 section 5).
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Bytes that fit into a text of so many characters.
    static func room(in length: Int) -> Int { max(0, length / 4 * 3) }

    static func encode(_ bytes: ContiguousArray<UInt8>) -> String {
        var text = [UInt8]()
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(buffer >> UInt32(bits)) & 63])
            }
        }
        if bits > 0 { text.append(alphabet[Int(buffer << UInt32(6 - bits)) & 63]) }
        return String(decoding: text, as: UTF8.self)
    }

    static func decode(_ text: Substring) -> [UInt8]? {
        // Four characters are three bytes: one alone is the rest of something that was cut.
        if text.utf8.count % 4 == 1 { return nil }
        var bytes = [UInt8]()
        var buffer: UInt32 = 0
        var bits = 0
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        return bytes
    }
}
