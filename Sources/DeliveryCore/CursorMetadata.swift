/// The offsets settled beyond a cursor's base, as text for the metadata of a committed offset.
///
/// Format, version 1: `1:` and the base64url (RFC 4648 section 5, no padding) of unsigned LEB128 numbers that alternate
/// between the length of an unsettled and of a settled run, the first beginning at the committed offset. What lies
/// after the last run is unsettled. Text, because Kafka's protocol says string and other tools print it.
public enum CursorMetadata {
    static let version = "1:"

    /// Runs as half-open ranges of settled offsets, ascending, all above `base`.
    ///
    /// Runs that would make the text longer than `limit` bytes are left out, the last ones first: forgetting that
    /// something is settled repeats it after a crash, but loses nothing. `complete` says whether all fitted.
    package static func encode(base: Int64, settled: ContiguousArray<Range<Int64>>, limit: Int) -> (text: String, complete: Bool) {
        if settled.isEmpty { return ("", true) }
        let room = max(0, (limit - version.utf8.count) / 4 * 3)
        var bytes = ContiguousArray<UInt8>()
        var cursor = base
        var complete = true
        for run in settled {
            let before = bytes.count
            appendLEB128(UInt64(run.lowerBound - cursor), to: &bytes)
            appendLEB128(UInt64(run.upperBound - run.lowerBound), to: &bytes)
            if bytes.count > room {
                bytes.removeLast(bytes.count - before)
                complete = false
                break
            }
            cursor = run.upperBound
        }
        return (bytes.isEmpty ? "" : version + base64URL(bytes), complete)
    }

    /// The settled ranges of a text; nil for a text that is not ours or is damaged.
    public static func decode(base: Int64, _ text: String) -> ContiguousArray<Range<Int64>>? {
        var ranges = ContiguousArray<Range<Int64>>()
        if text.isEmpty { return ranges }
        guard text.hasPrefix(version), let bytes = fromBase64URL(text.dropFirst(version.count)) else { return nil }
        var position = 0
        var offset = base
        while position < bytes.count {
            guard let gap = readLEB128(bytes, &position), let length = readLEB128(bytes, &position), length > 0,
                gap < 1 << 62, length < 1 << 62
            else { return nil }
            let (start, overflow) = offset.addingReportingOverflow(Int64(gap))
            let (end, overflow2) = start.addingReportingOverflow(Int64(length))
            guard !overflow, !overflow2, start > base else { return nil }
            ranges.append(start..<end)
            offset = end
        }
        return ranges
    }

    private static func appendLEB128(_ value: UInt64, to bytes: inout ContiguousArray<UInt8>) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func readLEB128(_ bytes: [UInt8], _ position: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 63 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static func base64URL(_ bytes: ContiguousArray<UInt8>) -> String {
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

    private static func fromBase64URL(_ text: Substring) -> [UInt8]? {
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
