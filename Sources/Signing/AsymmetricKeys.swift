extension StandardWebhooks {
    /// A private key for ed25519 signatures: 64 bytes, the seed and the public key, in base64 with `whsk_` in front.
    ///
    /// Printing it shows nothing.
    public struct PrivateKey: Sendable {
        public static let prefix = "whsk_"
        private let key: Ed25519.Key

        public init(_ text: String) throws(SecretError) {
            guard text.hasPrefix(Self.prefix) else { throw SecretError(Self.complaint(aboutPrefixOf: text)) }
            let bytes = try SecretBytes.decode(text.dropFirst(Self.prefix.count), behind: Self.prefix, Self.expectation)
            guard bytes.count == Ed25519.seedLength + Ed25519.publicKeyLength else {
                let hint = bytes.count == Ed25519.seedLength ? ", a seed without the public key behind it" : ""
                throw SecretError("has \(bytes.count) bytes\(hint): \(Self.expectation)", subject: "the key")
            }
            let key = Ed25519.Key(seed: UnsafeRawBufferPointer(rebasing: bytes.bytes[..<Ed25519.seedLength]))
            guard bytes.bytes[Ed25519.seedLength...].elementsEqual(key.publicKey) else {
                throw SecretError("is damaged: its second half is not the public key of its first half; copy it anew", subject: "the key")
            }
            self.key = key
        }

        private static let expectation = "64 bytes in base64 are expected, as from: fanfare keys new --kind ed25519"

        private static func complaint(aboutPrefixOf text: String) -> String {
            if text.hasPrefix(Secret.prefix) { return "is a symmetric secret (whsec_), not a private key (whsk_): it belongs into signing.secrets" }
            if text.hasPrefix(PublicKey.prefix) { return "is a public key (whpk_), which cannot sign; a private key begins with whsk_" }
            return "must begin with whsk_"
        }

        /// A new one, and the only time that its written form is there.
        public static func random() -> (key: PrivateKey, text: String) {
            let seed = SecretBytes.random(Ed25519.seedLength)
            let key = Ed25519.Key(seed: seed.bytes)
            let publicKey = key.publicKey
            let whole = SecretBytes(capacity: Ed25519.seedLength + Ed25519.publicKeyLength) { target in
                target.copyBytes(from: seed.bytes)
                UnsafeMutableRawBufferPointer(rebasing: target[Ed25519.seedLength...]).copyBytes(from: publicKey)
                return target.count
            }
            return (PrivateKey(key: key), prefix + Base64.encode(whole!.bytes))
        }

        private init(key: Ed25519.Key) { self.key = key }

        public var publicKey: PublicKey { PublicKey(bytes: key.publicKey) }

        func withSignature(of message: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
            key.withSignature(of: message, body)
        }
    }

    /// What receivers check ed25519 signatures with: 32 bytes in base64 with `whpk_` in front. It is no secret.
    public struct PublicKey: Sendable, Hashable {
        public static let prefix = "whpk_"
        public let bytes: [UInt8]

        init(bytes: [UInt8]) { self.bytes = bytes }

        public init(_ text: String) throws(SecretError) {
            guard text.hasPrefix(Self.prefix) else {
                let isSecret = text.hasPrefix(PrivateKey.prefix) || text.hasPrefix(Secret.prefix)
                throw SecretError(
                    isSecret ? "is a secret one; a public key begins with whpk_, and fanfare keys public prints it" : "must begin with whpk_",
                    subject: "the public key")
            }
            let decoded = try SecretBytes.decode(text.dropFirst(Self.prefix.count), behind: Self.prefix, Self.expectation)
            guard decoded.count == Ed25519.publicKeyLength else {
                throw SecretError("has \(decoded.count) bytes: \(Self.expectation)", subject: "the public key")
            }
            bytes = Array(decoded.bytes)
        }

        private static let expectation = "32 bytes in base64 are expected"

        /// Its written form.
        public var text: String { Self.prefix + bytes.withUnsafeBytes { Base64.encode($0) } }

        /// The `x` of a JSON Web Key (RFC 8037): base64url without padding.
        public var base64URL: String { bytes.withUnsafeBytes { Base64.encodeForURL($0) } }

        /// The SHA-256 thumbprint of the JSON Web Key (RFC 7638).
        public var thumbprint: String {
            var key = "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"\(base64URL)\"}"
            return key.withUTF8 { SHA256.digest(UnsafeRawBufferPointer($0)) }.withBytes { Base64.encodeForURL($0) }
        }
    }
}

extension StandardWebhooks.PrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "whsk_***" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
