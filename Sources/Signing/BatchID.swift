/// The `webhook-id` of a batch: a digest of its events' ids in their order.
///
/// The first 128 bits of SHA-256 over the ids, each with its length in front, so that neither chance nor an author of
/// ids makes two batches look the same. Written as `batch_` and 32 hexadecimal digits.
public struct BatchID {
    /// Bytes that `finish` writes.
    public static let length = 6 + 32

    private var hash = SHA256()

    public init() {}

    /// - Parameter id: the id as the event has it.
    public mutating func add(_ id: UnsafeRawBufferPointer) {
        withUnsafeBytes(of: UInt64(id.count).bigEndian) { hash.update($0) }
        hash.update(id)
    }

    /// Writes the text; `add` may go on afterwards.
    ///
    /// - Parameter target: has room for `length` bytes.
    /// - Returns: the number of bytes written, `length`.
    @discardableResult
    public func finish(into target: UnsafeMutableRawBufferPointer) -> Int {
        precondition(target.count >= BatchID.length, "no room for the id of a batch")
        target.copyBytes(from: "batch_".utf8)
        let digits: StaticString = "0123456789abcdef"
        Digest(hash).withBytes { digest in
            for index in 0..<16 {
                target[6 + 2 * index] = digits.utf8Start[Int(digest[index] >> 4)]
                target[7 + 2 * index] = digits.utf8Start[Int(digest[index] & 15)]
            }
        }
        return BatchID.length
    }
}
