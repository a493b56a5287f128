/// The offsets settled beyond a cursor's base, as text for the metadata of a committed offset.
///
/// Format, version 1: `1:` and the base64url (RFC 4648 section 5, no padding) of unsigned LEB128 numbers that alternate
/// between the length of an unsettled and of a settled run, the first beginning at the committed offset. What lies
/// after the last run is unsettled. Text, because Kafka's protocol says string and other tools print it.
///
/// Version 3 is `3:`, and before those numbers another one: how far before the committed offset the log has to be read from to
/// know what is a repeat of what lies before it (`RepeatMemory`).
public enum CursorMetadata {
    static let version = "1:"
    static let versionWithMemory = "3:"

    /// Runs as half-open ranges of settled offsets, ascending, all above `base`.
    ///
    /// Runs that would make the text longer than `limit` bytes are left out, the last ones first: forgetting that
    /// something is settled repeats it after a crash, but loses nothing. `complete` says whether all fitted.
    package static func encode(
        base: Int64, settled: ContiguousArray<Range<Int64>>, rememberedFrom start: Int64? = nil, limit: Int
    ) -> (text: String, complete: Bool) {
        let distance = base - (start ?? base)
        if settled.isEmpty, distance == 0 { return ("", true) }
        var bytes = ContiguousArray<UInt8>()
        let version = distance > 0 ? versionWithMemory : version
        if distance > 0 { LEB128.append(UInt64(distance), to: &bytes) }
        let complete = LEB128.append(settled, from: base, room: Base64URL.room(in: limit - version.utf8.count), to: &bytes)
        return (bytes.isEmpty ? "" : version + Base64URL.encode(bytes), complete)
    }

    /// The settled ranges of a text; nil for a text that is not ours or is damaged.
    public static func decode(base: Int64, _ text: String) -> ContiguousArray<Range<Int64>>? {
        read(base: base, text)?.settled
    }

    /// What a text says.
    struct Known {
        var settled: ContiguousArray<Range<Int64>> = []
        /// From where the log has to be read again: the base itself, unless the text says otherwise.
        var start: Int64
    }

    static func read(base: Int64, _ text: String) -> Known? {
        if text.isEmpty { return Known(start: base) }
        let hasMemory = text.hasPrefix(versionWithMemory)
        guard hasMemory || text.hasPrefix(version), let bytes = Base64URL.decode(text.dropFirst(version.count)) else { return nil }
        var position = 0
        var start = base
        if hasMemory {
            guard let distance = LEB128.read(bytes, &position), distance > 0, distance <= UInt64(max(0, base)) else { return nil }
            start = base - Int64(distance)
        }
        guard let ranges = LEB128.readRuns(bytes, &position, from: base) else { return nil }
        // The base itself is not settled.
        if let first = ranges.first, first.lowerBound == base { return nil }
        return Known(settled: ranges, start: start)
    }
}
