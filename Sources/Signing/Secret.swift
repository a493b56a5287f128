internal import COpenSSL

/// Standard Webhooks, version 1: signatures by HMAC-SHA256 over `id.timestamp.body`.
///
/// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
public enum StandardWebhooks {
    /// A symmetric signing secret: 24 to 64 bytes, written in base64 with `whsec_` in front.
    ///
    /// Its memory is erased with the last copy; printing it shows nothing.
    public struct Secret: Sendable {
        public static let prefix = "whsec_"
        /// In bytes, once decoded.
        public static let lengths = 24...64

        private let storage: SecretBytes

        /// The prefix may be left out, as the reference libraries allow.
        public init(_ text: String) throws(SecretError) {
            var text = text
            if text.hasPrefix(Secret.prefix) {
                text.removeFirst(Secret.prefix.count)
            } else if text.hasPrefix("whsk_") {
                throw SecretError("is an asymmetric secret key (whsk_), not a symmetric secret (whsec_)")
            } else if text.hasPrefix("whpk_") {
                throw SecretError("is a public key (whpk_), which cannot sign; a secret begins with whsec_")
            }
            guard !text.isEmpty else { throw SecretError("is empty") }
            // Checked before decoding: no secret is this long, and nobody should make us hold more.
            guard text.utf8.count <= 1024 else { throw SecretError("is too long: \(Secret.expectation)") }
            let decoded = text.withUTF8 { text in
                SecretBytes(capacity: text.count) { Base64.decode(UnsafeRawBufferPointer(text), into: $0) }
            }
            guard let decoded else { throw SecretError("is not base64 behind \(Secret.prefix)") }
            guard decoded.count >= Secret.lengths.lowerBound else {
                throw SecretError("has only \(decoded.count) bytes: \(Secret.expectation)")
            }
            guard decoded.count <= Secret.lengths.upperBound else {
                throw SecretError("has \(decoded.count) bytes: \(Secret.expectation)")
            }
            storage = decoded
        }

        private init(storage: SecretBytes) { self.storage = storage }

        private static let expectation =
            "24 to 64 bytes in base64 are expected, as from: echo whsec_$(openssl rand -base64 32)"

        /// 32 bytes from the system's source of randomness.
        public static func random() -> Secret {
            let storage = SecretBytes(capacity: 32) { buffer in
                let start = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
                // > RAND_bytes() returns 1 on success, -1 if not supported by the current RAND method, or 0 on other failure.
                return RAND_bytes(start, Int32(buffer.count)) == 1 ? buffer.count : nil
            }
            guard let storage else { fatalError("the system gives no random bytes") }
            return Secret(storage: storage)
        }

        /// The secret in its written form, for the one place where it is handed out.
        public func revealed() -> String { Secret.prefix + Base64.encode(storage.bytes) }

        var key: HMACKey { HMACKey(storage.bytes) }
    }

    /// What is wrong with a secret; never the secret itself.
    public struct SecretError: Error, Equatable, CustomStringConvertible {
        /// The end of a sentence that begins with what the secret is: "signing.secrets[0]" ...
        public let message: String
        init(_ message: String) { self.message = message }
        public var description: String { "the secret \(message)" }
    }
}

extension StandardWebhooks.Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "whsec_***" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
