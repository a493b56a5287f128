/// Signs as Stripe does: `t=<seconds>,v1=<hex>` over `timestamp.body`, with a `v1` by each secret.
///
/// https://docs.stripe.com/webhooks/signature
public struct StripeSigner: RequestSigner {
    private let keys: [HMACKey]

    public var header: StaticString { "Stripe-Signature" }
    public var longest: Int { "t=".utf8.count + DecimalText.longest + keys.count * (",v1=".utf8.count + 2 * SHA256.length) }

    /// - Parameter secrets: at least one; the value has their signatures in this order.
    public init(secrets: [TextSecret]) {
        precondition(!secrets.isEmpty, "a signer needs a secret")
        keys = secrets.map(\.key)
    }

    @discardableResult
    public func sign(_ content: SignedContent, into target: UnsafeMutableRawBufferPointer) -> Int {
        precondition(target.count > longest, "no room for the signature")
        var writer = HeaderValueWriter(target)
        writer.append("t=")
        DecimalText.with(content.timestamp) { writer.append($0) }
        for key in keys {
            writer.append(",v1=")
            key.authenticate { content.updateTimestampAndBody(&$0) }.withBytes { writer.append(hex: $0) }
        }
        return writer.count
    }
}
