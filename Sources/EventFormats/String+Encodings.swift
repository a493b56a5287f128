/// Short texts as headers, forms and URLs want them.
extension String {
    /// Base64 of its UTF-8, padded.
    package var base64Encoded: String { encoded { $1.appendBase64($0) } }

    /// All but the unreserved characters of RFC 3986.
    package var percentEncoded: String { encoded { $1.appendPercentEncoded($0, keeping: .unreserved) } }

    /// The bytes that this is the base64 of, with `-` and `_` and without padding (RFC 4648, section 5); nil if it is not.
    package var base64URLDecoded: [UInt8]? {
        guard !utf8.contains(where: { "+/=".utf8.contains($0) }) else { return nil }
        var text = utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "+") : $0 == UInt8(ascii: "_") ? UInt8(ascii: "/") : $0 }
        text += Array(repeating: UInt8(ascii: "="), count: (4 - text.count % 4) % 4)
        guard let count = text.withUnsafeMutableBytes({ Base64.decode(inPlace: $0) }) else { return nil }
        return Array(text[..<count])
    }

    private func encoded(_ encode: (UnsafeRawBufferPointer, ByteWriter) -> Void) -> String {
        let writer = ByteWriter()
        var text = self
        text.withUTF8 { encode(UnsafeRawBufferPointer($0), writer) }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
