/// Whether and how a subscription's requests are signed.
public enum SigningPolicy: Sendable, Equatable {
    /// Left out of the manifest: unsigned, and `check` warns.
    case unspecified
    /// `signing: none`: unsigned on purpose.
    case none
    case signed(SigningMethod)
}

/// Whose way of signing it is, which decides on the headers.
public enum SignatureScheme: String, CaseIterable, Sendable {
    /// Standard Webhooks: `webhook-signature`, with `v1` and `v1a`.
    case standard
    /// As GitHub signs: `X-Hub-Signature-256`.
    case github
    /// As Stripe signs: `Stripe-Signature`.
    case stripe
}

/// What requests are signed with; there is at least one secret or key.
public struct SigningMethod: Sendable, Equatable {
    public var scheme = SignatureScheme.standard
    /// All of them sign, in this order, as far as the scheme has room for it.
    public var secrets: [SigningSecret] = []
    /// Private keys for ed25519 signatures (`v1a`), all of which sign; only with the scheme `standard`.
    public var keys: [SigningSecret] = []
    /// How long a secret or key goes on signing after its file holds another one.
    public var rotationOverlap: TimeSpan = .hours(24)

    public init(scheme: SignatureScheme = .standard, secrets: [SigningSecret] = [], keys: [SigningSecret] = []) {
        self.scheme = scheme
        self.secrets = secrets
        self.keys = keys
    }
}

/// A secret or private key in its written form, and where it came from. Printing it shows nothing of it.
public struct SigningSecret: Sendable, Equatable {
    public var text: String
    /// What the manifest says in its place, such as `${file:secrets/billing}`; nil where it stands there itself.
    public var source: String?

    public init(_ text: String, source: String? = nil) {
        self.text = text
        self.source = source
    }
}

extension SigningSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { source ?? "***" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
