import Signing

/// What tells a value from others, in 16 bytes: its canonical bytes where there are at most 15 of them, else 120 bits of
/// their SHA-256, which no one makes two values share.
struct ValueKey: Hashable {
    private var low: UInt64
    private var high: UInt64

    init(_ canonical: UnsafeRawBufferPointer) {
        var words: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &words) { target in
            if canonical.count < 16 {
                target.copyBytes(from: canonical)
                target[15] = UInt8(canonical.count)
            } else {
                SHA256.digest(canonical).withBytes { target.copyBytes(from: $0.prefix(15)) }
                target[15] = 0xFF
            }
        }
        (low, high) = words
    }
}
