/// The id of a complete window's event: a digest of what makes it this window, as `window_` and 32 hexadecimal digits.
///
/// The same window has the same id whenever and wherever it is computed, from the log alone, so that a receiver knows one
/// that comes again. The partition belongs to it: a group that is not the record's key has a window on each partition.
public struct WindowEventID {
    /// Bytes that `finish` writes.
    public static let length = DigestID.length("window")

    private var digest = DigestID()

    /// - Parameters:
    ///   - group: in its canonical form.
    ///   - start: milliseconds since 1970.
    ///   - end: milliseconds since 1970.
    public init(
        subscription: String, topic: String, partition: Int32, group: UnsafeRawBufferPointer, start: Int64, end: Int64
    ) {
        for var text in [subscription, topic] { text.withUTF8 { digest.add(UnsafeRawBufferPointer($0)) } }
        withUnsafeBytes(of: partition.bigEndian) { digest.add($0) }
        digest.add(group)
        withUnsafeBytes(of: start.bigEndian) { digest.add($0) }
        withUnsafeBytes(of: end.bigEndian) { digest.add($0) }
    }

    /// - Parameter target: has room for `length` bytes.
    /// - Returns: the number of bytes written, `length`.
    @discardableResult
    public func finish(into target: UnsafeMutableRawBufferPointer) -> Int { digest.finish("window", into: target) }
}
