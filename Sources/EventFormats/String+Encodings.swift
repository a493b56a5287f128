/// Short texts as headers, forms and URLs want them.
extension String {
    /// Base64 of its UTF-8, padded.
    package var base64Encoded: String { encoded { $1.appendBase64($0) } }

    /// All but the unreserved characters of RFC 3986.
    package var percentEncoded: String { encoded { $1.appendPercentEncoded($0, keeping: .unreserved) } }

    private func encoded(_ encode: (UnsafeRawBufferPointer, ByteWriter) -> Void) -> String {
        let writer = ByteWriter()
        var text = self
        text.withUTF8 { encode(UnsafeRawBufferPointer($0), writer) }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
