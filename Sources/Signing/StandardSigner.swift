/// Signs as Standard Webhooks do: `v1,<base64>` by each secret, then `v1a,<base64>` by each key, with spaces between.
public struct StandardSigner: RequestSigner {
    private let secrets: [HMACKey]
    private let keys: [StandardWebhooks.PrivateKey]
    public let longest: Int

    public var header: StaticString { "webhook-signature" }

    /// - Parameters:
    ///   - secrets: the value has their signatures first, in this order.
    ///   - keys: there is at least one secret or key.
    public init(secrets: [StandardWebhooks.Secret], keys: [StandardWebhooks.PrivateKey] = []) {
        precondition(!secrets.isEmpty || !keys.isEmpty, "a signer needs a secret or a key")
        self.secrets = secrets.map(\.key)
        self.keys = keys
        let symmetric = "v1,".utf8.count + Base64.encodedLength(SHA256.length)
        let asymmetric = "v1a,".utf8.count + Base64.encodedLength(Ed25519.signatureLength)
        longest = secrets.count * (symmetric + 1) + keys.count * (asymmetric + 1) - 1
    }

    @discardableResult
    public func sign(_ content: SignedContent, into target: UnsafeMutableRawBufferPointer) -> Int {
        precondition(target.count > longest, "no room for the signature")
        var writer = HeaderValueWriter(target)
        for key in secrets {
            writer.beginItem("v1,", separator: " ")
            key.authenticate { content.update(&$0) }.withBytes { writer.append(base64: $0) }
        }
        guard !keys.isEmpty else { return writer.count }
        content.withBytes { message in
            for key in keys {
                writer.beginItem("v1a,", separator: " ")
                key.withSignature(of: message) { writer.append(base64: $0) }
            }
        }
        return writer.count
    }
}

extension SignedContent {
    /// `id.timestamp.body` in one piece, as ed25519 needs it: it reads the message twice.
    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        DecimalText.with(timestamp) { digits in
            withUnsafeTemporaryAllocation(byteCount: id.count + digits.count + self.body.count + 2, alignment: 1) { message in
                var end = 0
                func append(_ piece: UnsafeRawBufferPointer) {
                    UnsafeMutableRawBufferPointer(rebasing: message[end...]).copyMemory(from: piece)
                    end += piece.count
                }
                append(id)
                message[end] = UInt8(ascii: ".")
                end += 1
                append(digits)
                message[end] = UInt8(ascii: ".")
                end += 1
                append(self.body)
                body(UnsafeRawBufferPointer(message))
            }
        }
    }
}
