// As much of swift-crypto as docs/RECEIVERS.md uses, over OpenSSL: swift-crypto itself takes minutes to build.
import COpenSSL
import Foundation

public enum SHA256 {}

public struct SymmetricKey {
    fileprivate let bytes: [UInt8]
    public init(data: Data) { bytes = Array(data) }
}

public enum HMAC<Hash> {
    public static func isValidAuthenticationCode(_ code: Data, authenticating data: Data, using key: SymmetricKey) -> Bool {
        var digest = [UInt8](repeating: 0, count: 32)
        let message = Array(data)
        var length = 0
        EVP_Q_mac(nil, "HMAC", nil, "SHA256", nil, key.bytes, key.bytes.count, message, message.count, &digest, digest.count, &length)
        return code.elementsEqual(digest)
    }
}

public enum Curve25519 {
    public enum Signing {
        public struct PublicKey {
            private let bytes: [UInt8]

            public init(rawRepresentation: Data) throws {
                guard rawRepresentation.count == 32 else { throw CocoaError(.coderInvalidValue) }
                bytes = Array(rawRepresentation)
            }

            public func isValidSignature(_ signature: Data, for data: Data) -> Bool {
                let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
                let context = EVP_MD_CTX_new()
                defer {
                    EVP_MD_CTX_free(context)
                    EVP_PKEY_free(key)
                }
                let (signature, message) = (Array(signature), Array(data))
                return EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
                    && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
            }
        }
    }
}
