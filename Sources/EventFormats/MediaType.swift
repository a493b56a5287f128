/// The parts of a content type that decide how data is treated (RFC 9110, 8.3.1).
package struct MediaType {
    package typealias Bytes = UnsafeRawBufferPointer

    /// `application/json` of `application/json; charset=utf-8`.
    package let essence: Bytes
    private let slash: Int
    private let parameters: Bytes

    /// Nil when `text` is not `type/subtype` with nothing but printable parameters behind a semicolon.
    package init?(_ text: Bytes) {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")), slash > 0 else { return nil }
        var end = slash + 1
        while end < text.count, ASCIISet.token.contains(text[end]) { end += 1 }
        guard end > slash + 1, text[..<slash].allSatisfy(ASCIISet.token.contains) else { return nil }
        var rest = end
        while rest < text.count, MediaType.isSpace(text[rest]) { rest += 1 }
        guard rest == text.count || text[rest] == UInt8(ascii: ";") else { return nil }
        guard text[rest...].allSatisfy(ASCIISet.mediaType.contains) else { return nil }
        essence = Bytes(rebasing: text[..<end])
        parameters = Bytes(rebasing: text[rest...])
        self.slash = slash
    }

    package var subtype: Bytes { Bytes(rebasing: essence[(slash + 1)...]) }

    private func hasSuffix(_ suffix: StaticString) -> Bool {
        let length = suffix.utf8CodeUnitCount
        return subtype.count > length
            && Bytes(rebasing: subtype[(subtype.count - length)...]).equalsIgnoringCase(suffix)
    }

    /// `*/json` or `*/*+json` (CloudEvents JSON format, 3.1.1).
    package var isJSON: Bool { subtype.equalsIgnoringCase("json") || hasSuffix("+json") }

    /// Text whose bytes, if they are UTF-8, may stand as a string in JSON.
    var isText: Bool {
        guard essence.startsIgnoringCase(with: "text/") || subtype.equalsIgnoringCase("xml") || hasSuffix("+xml") else {
            return false
        }
        return isUTF8
    }

    /// No charset, or one that UTF-8 text satisfies.
    var isUTF8: Bool {
        guard let charset else { return true }
        return charset.equalsIgnoringCase("utf-8") || charset.equalsIgnoringCase("us-ascii")
    }

    private var charset: Bytes? {
        var rest = parameters[...]
        while let semicolon = rest.firstIndex(of: UInt8(ascii: ";")) {
            rest = rest[(semicolon + 1)...]
            let text = Bytes(rebasing: rest.prefix { $0 != UInt8(ascii: ";") }.drop(while: MediaType.isSpace))
            guard text.startsIgnoringCase(with: "charset=") else { continue }
            let value = text[8...].prefix { !MediaType.isSpace($0) }
            let quoted = value.count >= 2 && value.first == UInt8(ascii: "\"") && value.last == UInt8(ascii: "\"")
            return Bytes(rebasing: quoted ? value.dropFirst().dropLast() : value)
        }
        return nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
