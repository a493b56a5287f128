internal import COpenSSL

/// SHA-256 (FIPS 180-4). A value: a copy goes on from where the original was.
package struct SHA256 {
    static let length = 32
    static let blockLength = 64

    private var state = SHA256_CTX()

    init() {
        // > SHA256_Init(), SHA256_Update() and SHA256_Final() return 1 for success, 0 otherwise.
        // They only fail for hardware that is not there; a wrong signature must not be sent in any case.
        precondition(SHA256_Init(&state) == 1, "SHA256_Init failed")
    }

    package static func digest(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var hash = SHA256()
        hash.update(bytes)
        return Digest(hash)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        precondition(SHA256_Update(&state, start, bytes.count) == 1, "SHA256_Update failed")
    }

    mutating func update(_ text: StaticString) {
        update(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes the digest to the first 32 bytes of `target`; the value is of no use afterwards.
    mutating func finish(into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= SHA256.length, "a SHA-256 digest has 32 bytes")
        let start = target.baseAddress!.assumingMemoryBound(to: UInt8.self)
        precondition(SHA256_Final(start, &state) == 1, "SHA256_Final failed")
    }
}

/// 32 bytes on the stack.
package struct Digest {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(_ hash: consuming SHA256) {
        withUnsafeMutableBytes(of: &words) { hash.finish(into: $0) }
    }

    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: words, body)
    }
}
