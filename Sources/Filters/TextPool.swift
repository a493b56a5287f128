/// Texts of what was compiled, one after the other.
struct TextPool: Sendable {
    typealias Bytes = UnsafeRawBufferPointer

    /// A range of the pool's bytes.
    struct Text: Sendable {
        fileprivate var start: Int32
        fileprivate var count: Int32
    }

    private var bytes = ContiguousArray<UInt8>()

    mutating func intern(_ text: String) -> Text {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return Text(start: Int32(start), count: Int32(bytes.count - start))
    }

    func withReader<Result>(_ body: (Reader) -> Result) -> Result { bytes.withUnsafeBytes { body(Reader(bytes: $0)) } }

    struct Reader {
        fileprivate let bytes: Bytes

        subscript(text: Text) -> Bytes {
            Bytes(start: bytes.baseAddress.map { $0 + Int(text.start) }, count: Int(text.count))
        }
    }
}
