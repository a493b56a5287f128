import EventFormats

/// A record's key in a group: text as a string, other bytes as `{"base64": "..."}`, which no text can be taken for; none as
/// `null`.
enum GroupKeyText {
    private static let prefix: StaticString = #"{"base64":""#

    static func append(_ key: UnsafeRawBufferPointer?, to writer: ByteWriter) {
        guard let key else { return writer.append("null" as StaticString) }
        guard UTF8Check.isValid(key) else {
            writer.append(prefix)
            writer.appendBase64(key)
            return writer.append("\"}" as StaticString)
        }
        writer.appendJSONString(key)
    }

    /// The key as it was.
    ///
    /// - Returns: false when there is none.
    static func appendKey(of text: JSONValue, to writer: ByteWriter) -> Bool {
        switch text.kind {
        case .string: _ = text.appendUnescaped(to: writer)
        case .object:
            let start = writer.count
            var members = text.members
            guard let value = members.next()?.value, value.appendUnescaped(to: writer), writer.decodeBase64(from: start) else {
                preconditionFailure("a key was not written as base64")
            }
        default: return false
        }
        return true
    }
}
