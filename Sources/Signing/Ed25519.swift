internal import COpenSSL

/// Ed25519 (RFC 8032) by OpenSSL.
enum Ed25519 {
    /// Of the private key's seed.
    static let seedLength = 32
    static let publicKeyLength = 32
    static let signatureLength = 64

    /// OpenSSL's key; it erases what is secret when the last reference ends.
    ///
    /// `@unchecked`: immutable once made. > EVP_PKEY objects [may] be used concurrently by several threads as long as
    /// none of them changes it.
    final class Key: @unchecked Sendable {
        private let key: OpaquePointer

        /// - Parameter seed: 32 bytes, of which any are a key.
        init(seed: UnsafeRawBufferPointer) {
            precondition(seed.count == seedLength, "a seed has 32 bytes")
            guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed.bound, seed.count) else {
                preconditionFailure("EVP_PKEY_new_raw_private_key failed")
            }
            self.key = key
        }

        init(publicKey: UnsafeRawBufferPointer) {
            precondition(publicKey.count == publicKeyLength, "a public key has 32 bytes")
            guard let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey.bound, publicKey.count) else {
                preconditionFailure("EVP_PKEY_new_raw_public_key failed")
            }
            self.key = key
        }

        deinit { EVP_PKEY_free(key) }

        var publicKey: [UInt8] {
            [UInt8](unsafeUninitializedCapacity: publicKeyLength) { buffer, count in
                count = publicKeyLength
                precondition(EVP_PKEY_get_raw_public_key(key, buffer.baseAddress, &count) == 1, "EVP_PKEY_get_raw_public_key failed")
            }
        }

        /// Lends the 64 bytes of the signature.
        func withSignature(of message: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
            let context = EVP_MD_CTX_new()
            defer { EVP_MD_CTX_free(context) }
            withUnsafeTemporaryAllocation(byteCount: signatureLength, alignment: 1) { signature in
                var count = signature.count
                // A wrong signature must not be sent, and these fail for nothing but a lack of memory.
                precondition(EVP_DigestSignInit(context, nil, nil, nil, key) == 1, "EVP_DigestSignInit failed")
                precondition(
                    EVP_DigestSign(context, signature.bound, &count, message.bound, message.count) == 1 && count == signatureLength,
                    "EVP_DigestSign failed")
                body(UnsafeRawBufferPointer(signature))
            }
        }

        func verifies(_ signature: UnsafeRawBufferPointer, of message: UnsafeRawBufferPointer) -> Bool {
            let context = EVP_MD_CTX_new()
            defer { EVP_MD_CTX_free(context) }
            guard EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
            // > EVP_DigestVerify() return[s] 1 for success; any other value indicates failure.
            return EVP_DigestVerify(context, signature.bound, signature.count, message.bound, message.count) == 1
        }
    }
}
