/// Checks Standard Webhooks signatures, `v1` and `v1a`.
public struct StandardVerifier: RequestVerifier {
    private let secrets: [HMACKey]
    private let publicKeys: [Ed25519.Key]
    private let tolerance: Int64

    /// - Parameters:
    ///   - secrets: a signature by any of them is enough.
    ///   - publicKeys: likewise.
    ///   - tolerance: how far the timestamp may be from the receiver's clock, either way, in seconds.
    public init(secrets: [StandardWebhooks.Secret], publicKeys: [StandardWebhooks.PublicKey] = [], tolerance: Int64 = 300) {
        self.secrets = secrets.map(\.key)
        self.publicKeys = publicKeys.map { $0.bytes.withUnsafeBytes { Ed25519.Key(publicKey: $0) } }
        self.tolerance = tolerance
    }

    public func verify(header: (String) -> String?, body: UnsafeRawBufferPointer, now: Int64) throws(VerificationFailure) {
        try verify(
            id: header("webhook-id"), timestamp: header("webhook-timestamp"), signature: header("webhook-signature"), body: body, now: now)
    }

    /// Takes the three headers' values, nil where the request has none.
    public func verify(
        id: String?, timestamp: String?, signature: String?, body: UnsafeRawBufferPointer, now: Int64
    ) throws(VerificationFailure) {
        guard var id, !id.isEmpty else { throw .missingHeader("webhook-id") }
        guard let timestamp, !timestamp.isEmpty else { throw .missingHeader("webhook-timestamp") }
        guard let signature, !signature.isEmpty else { throw .missingHeader("webhook-signature") }
        let seconds = try Verification.seconds(of: timestamp, tolerance: tolerance, now: now)

        let items = signature.split(separator: " ")
        let symmetric = secrets.isEmpty ? [] : items.filter { $0.hasPrefix("v1,") }.map { Array($0.dropFirst(3).utf8) }
        let asymmetric = publicKeys.isEmpty ? [] : items.filter { $0.hasPrefix("v1a,") }.compactMap { Base64.decode($0.dropFirst(4)) }
        guard !symmetric.isEmpty || !asymmetric.isEmpty else { throw .noKnownScheme(expected: expectation) }
        let matches = id.withUTF8 { id in
            let content = SignedContent(id: UnsafeRawBufferPointer(id), timestamp: seconds, body: body)
            return isSigned(content, by: symmetric) || isSigned(content, byKeys: asymmetric)
        }
        guard matches else { throw .noMatchingSignature }
    }

    private func isSigned(_ content: SignedContent, by signatures: [[UInt8]]) -> Bool {
        guard !signatures.isEmpty else { return false }
        return secrets.contains { key in
            let digest = key.authenticate { content.update(&$0) }
            let expected = Array(digest.withBytes { Base64.encode($0) }.utf8)
            return signatures.contains { Verification.equal($0, expected) }
        }
    }

    private func isSigned(_ content: SignedContent, byKeys signatures: [[UInt8]]) -> Bool {
        guard !signatures.isEmpty else { return false }
        var isSigned = false
        content.withBytes { message in
            isSigned = publicKeys.contains { key in
                signatures.contains { signature in
                    signature.count == Ed25519.signatureLength && signature.withUnsafeBytes { key.verifies($0, of: message) }
                }
            }
        }
        return isSigned
    }

    private var expectation: String {
        [secrets.isEmpty ? nil : "v1", publicKeys.isEmpty ? nil : "v1a"].compactMap { $0 }.joined(separator: " or ")
    }
}
