/// Checks signatures as Stripe makes them: `t=<seconds>,v1=<hex>[,v1=<hex>...]`; other items are left alone.
public struct StripeVerifier: RequestVerifier {
    private let keys: [HMACKey]
    private let tolerance: Int64

    /// - Parameters:
    ///   - secrets: a signature by any of them is enough.
    ///   - tolerance: how far the timestamp may be from the receiver's clock, either way, in seconds.
    public init(secrets: [TextSecret], tolerance: Int64 = 300) {
        keys = secrets.map(\.key)
        self.tolerance = tolerance
    }

    public func verify(header: (String) -> String?, body: UnsafeRawBufferPointer, now: Int64) throws(VerificationFailure) {
        guard let value = header("stripe-signature"), !value.isEmpty else { throw .missingHeader("Stripe-Signature") }
        let items = value.split(separator: ",")
        guard let timestamp = items.first(where: { $0.hasPrefix("t=") }) else { throw .badTimestamp }
        let seconds = try Verification.seconds(of: String(timestamp.dropFirst(2)), tolerance: tolerance, now: now)
        let signatures = items.filter { $0.hasPrefix("v1=") }.map { Array($0.dropFirst(3).utf8) }
        guard !signatures.isEmpty else { throw .noKnownScheme(expected: "v1") }
        let content = SignedContent(id: UnsafeRawBufferPointer(start: nil, count: 0), timestamp: seconds, body: body)
        let matches = keys.contains { key in
            let expected = key.authenticate { content.updateTimestampAndBody(&$0) }.withBytes { Hex.encode($0) }
            return signatures.contains { Verification.equal($0, expected) }
        }
        guard matches else { throw .noMatchingSignature }
    }
}
