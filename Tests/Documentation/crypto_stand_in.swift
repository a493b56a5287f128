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
