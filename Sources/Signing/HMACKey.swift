/// HMAC-SHA256 (RFC 2104) with the key's two blocks already hashed, so that each message starts from a copied state.
struct HMACKey: Sendable {
    private let inner: SHA256
    private let outer: SHA256

    init(_ key: UnsafeRawBufferPointer) {
        var inner = SHA256()
        var outer = SHA256()
        // > keys longer than B bytes are first hashed using H
        withUnsafeTemporaryAllocation(byteCount: SHA256.blockLength, alignment: 8) { block in
            block.initializeMemory(as: UInt8.self, repeating: 0)
            if key.count > SHA256.blockLength {
                var hash = SHA256()
                hash.update(key)
                hash.finish(into: block)
            } else {
                block.copyMemory(from: key)
            }
            for index in block.indices { block[index] ^= 0x36 }
            inner.update(UnsafeRawBufferPointer(block))
            for index in block.indices { block[index] ^= 0x36 ^ 0x5C }
            outer.update(UnsafeRawBufferPointer(block))
            SecretBytes.erase(block)
        }
        self.inner = inner
        self.outer = outer
    }

    /// The code of the message that `update` feeds, piece by piece.
    func authenticate(_ update: (inout SHA256) -> Void) -> Digest {
        var message = inner
        update(&message)
        let digest = Digest(message)
        var result = outer
        digest.withBytes { result.update($0) }
        return Digest(result)
    }
}
