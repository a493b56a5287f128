/// The `webhook-id` of a batch: a digest of its events' ids in their order, as `batch_` and 32 hexadecimal digits.
public struct BatchID {
    /// Bytes that `finish` writes.
    public static let length = DigestID.length("batch")

    private var digest = DigestID()

    public init() {}

    /// - Parameter id: the id as the event has it.
    public mutating func add(_ id: UnsafeRawBufferPointer) { digest.add(id) }

    /// Writes the text; `add` may go on afterwards.
    ///
    /// - Parameter target: has room for `length` bytes.
    /// - Returns: the number of bytes written, `length`.
    @discardableResult
    public func finish(into target: UnsafeMutableRawBufferPointer) -> Int { digest.finish("batch", into: target) }
}
