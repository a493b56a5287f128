/// Signs as GitHub does: `sha256=<hex>` over the body alone.
///
/// The header has room for one signature. Receivers that are asked to take two secrets must know both before this one does.
///
/// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
public struct GitHubSigner: RequestSigner {
    private let key: HMACKey

    public var header: StaticString { "X-Hub-Signature-256" }
    public var longest: Int { "sha256=".utf8.count + 2 * SHA256.length }

    public init(secret: TextSecret) { key = secret.key }

    @discardableResult
    public func sign(_ content: SignedContent, into target: UnsafeMutableRawBufferPointer) -> Int {
        precondition(target.count > longest, "no room for the signature")
        var writer = HeaderValueWriter(target)
        writer.append("sha256=")
        key.authenticate { $0.update(content.body) }.withBytes { writer.append(hex: $0) }
        return writer.count
    }
}
