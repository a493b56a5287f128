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
        var bytes = ContiguousArray<UInt8>()
        let complete = LEB128.append(settled, from: base, room: Base64URL.room(in: limit - version.utf8.count), to: &bytes)
        return (bytes.isEmpty ? "" : version + Base64URL.encode(bytes), complete)
    }

    /// The settled ranges of a text; nil for a text that is not ours or is damaged.
    public static func decode(base: Int64, _ text: String) -> ContiguousArray<Range<Int64>>? {
        if text.isEmpty { return [] }
        guard text.hasPrefix(version), let bytes = Base64URL.decode(text.dropFirst(version.count)) else { return nil }
        var position = 0
        let ranges = LEB128.readRuns(bytes, &position, from: base)
        // The base itself is not settled.
        if let first = ranges?.first, first.lowerBound == base { return nil }
        return ranges
    }
}
