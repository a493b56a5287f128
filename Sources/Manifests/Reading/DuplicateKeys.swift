/// Lets the YAML library read a text that has duplicate keys.
///
/// The library stops at the first duplicate and so would hide every other problem of the file. Therefore the occurrence
/// that it names is renamed to as many characters of a private use area, which keeps all positions, and the text is
/// parsed again; the names are put back when the tree is converted, where both occurrences are seen with their places.
struct DuplicateKeys {
    private var originals: [String: String] = [:]

    /// The name that stood there before `rename`.
    func original(_ name: String) -> String? { originals[name] }

    /// False if the key cannot be found at that place: written with escapes, a tag or an anchor.
    mutating func rename(_ key: String, in text: inout String, line: Int, column: Int) -> Bool {
        let scalars = text.unicodeScalars
        guard !key.isEmpty, var start = SourceText.index(in: text, line: line, column: column) else { return false }
        let quote = scalars[start]
        let quoted = quote == "\"" || quote == "'"
        if quoted { start = scalars.index(after: start) }
        guard scalars[start...].starts(with: key.unicodeScalars) else { return false }
        let end = scalars.index(start, offsetBy: key.unicodeScalars.count)
        if quoted && (end == scalars.endIndex || scalars[end] != quote) { return false }
        guard let stand = Unicode.Scalar(UInt32(0xF0000 + originals.count)) else { return false }
        let name = String(String.UnicodeScalarView(repeatElement(stand, count: key.unicodeScalars.count)))
        originals[name] = key
        text.unicodeScalars.replaceSubrange(start..<end, with: name.unicodeScalars)
        return true
    }
}
