public import EventModel

/// What a signature vouches for: views of a request that is about to be sent.
public struct SignedContent {
    /// The value of `webhook-id` as it is sent.
    public var id: UnsafeRawBufferPointer
    /// The value of `webhook-timestamp`, in seconds since 1970.
    public var timestamp: Int64
    /// As it is sent; empty is a body.
    public var body: UnsafeRawBufferPointer

    public init(id: UnsafeRawBufferPointer, timestamp: Int64, body: UnsafeRawBufferPointer) {
        self.id = id
        self.timestamp = timestamp
        self.body = body
    }

    /// Feeds `id.timestamp.body`, the text that Standard Webhooks sign.
    func update(_ message: inout SHA256) {
        message.update(id)
        message.update(".")
        updateTimestampAndBody(&message)
    }

    /// Feeds `timestamp.body`, the text that Stripe signs.
    func updateTimestampAndBody(_ message: inout SHA256) {
        DecimalText.with(timestamp) { message.update($0) }
        message.update(".")
        message.update(body)
    }
}

/// Signs requests with all secrets and keys of one subscription.
///
/// Immutable: keyed states are copied for each message, so any thread may use it. HMAC signatures allocate nothing.
public protocol RequestSigner: Sendable {
    /// The header that the signature goes into.
    var header: StaticString { get }

    /// Bytes that the header's value has at most.
    var longest: Int { get }

    /// Writes the header's value.
    ///
    /// - Parameter target: has room for `longest` bytes, and one more that is scratch.
    /// - Returns: the number of bytes written.
    func sign(_ content: SignedContent, into target: UnsafeMutableRawBufferPointer) -> Int
}

extension SigningPolicy {
    /// Nil where nothing is signed.
    ///
    /// - Throws: what is wrong with the first secret or key that cannot be used.
    public func signer() throws(StandardWebhooks.SecretError) -> (any RequestSigner)? {
        guard case .signed(let method) = self else { return nil }
        return try method.signer()
    }
}

extension SigningMethod {
    /// A signer of this scheme.
    ///
    /// - Throws: what is wrong with the first secret or key that cannot be used.
    public func signer() throws(StandardWebhooks.SecretError) -> any RequestSigner {
        switch scheme {
        case .standard:
            let secrets = try secrets.map { secret throws(StandardWebhooks.SecretError) in try StandardWebhooks.Secret(secret.text) }
            let keys = try keys.map { key throws(StandardWebhooks.SecretError) in try StandardWebhooks.PrivateKey(key.text) }
            guard !secrets.isEmpty || !keys.isEmpty else { throw StandardWebhooks.SecretError("is missing") }
            return StandardSigner(secrets: secrets, keys: keys)
        case .github:
            guard let secret = secrets.first else { throw StandardWebhooks.SecretError("is missing") }
            return GitHubSigner(secret: try TextSecret(secret.text))
        case .stripe:
            guard !secrets.isEmpty else { throw StandardWebhooks.SecretError("is missing") }
            return StripeSigner(secrets: try secrets.map { secret throws(StandardWebhooks.SecretError) in try TextSecret(secret.text) })
        }
    }
}
