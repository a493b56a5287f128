/// Standard Webhooks: signatures over `id.timestamp.body`, by HMAC-SHA256 (`v1`) and by ed25519 (`v1a`).
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
            if text.hasPrefix(PrivateKey.prefix) {
                throw SecretError("is an asymmetric secret key (whsk_), not a symmetric secret (whsec_)")
            } else if text.hasPrefix(PublicKey.prefix) {
                throw SecretError("is a public key (whpk_), which cannot sign; a secret begins with whsec_")
            }
            let base64 = text.hasPrefix(Secret.prefix) ? text.dropFirst(Secret.prefix.count) : text[...]
            let decoded = try SecretBytes.decode(base64, behind: Secret.prefix, Secret.expectation)
            guard decoded.count >= Secret.lengths.lowerBound else {
                throw SecretError("has only \(decoded.count) bytes: \(Secret.expectation)")
            }
            guard decoded.count <= Secret.lengths.upperBound else {
                throw SecretError("has \(decoded.count) bytes: \(Secret.expectation)")
            }
            storage = decoded
        }

        private init(storage: SecretBytes) { self.storage = storage }

        private static let expectation = "24 to 64 bytes in base64 are expected, as from: fanfare keys new"

        /// 32 bytes from the system's source of randomness.
        public static func random() -> Secret { Secret(storage: .random(32)) }

        /// The secret in its written form, for the one place where it is handed out.
        public func revealed() -> String { Secret.prefix + Base64.encode(storage.bytes) }

        var key: HMACKey { HMACKey(storage.bytes) }
    }

    /// What is wrong with a secret or key; never the text itself.
    public struct SecretError: Error, Equatable, CustomStringConvertible {
        /// The end of a sentence that begins with what the secret is: "signing.secrets[0]" ...
        public let message: String
        private let subject: String

        init(_ message: String, subject: String = "the secret") {
            self.message = message
            self.subject = subject
        }

        public var description: String { "\(subject) \(message)" }
    }
}

extension StandardWebhooks.Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "whsec_***" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
