internal import Signing

/// Standard Webhooks secrets, as manifests write them.
enum SecretRules {
    /// Nil if it is one; a clause for a message otherwise. Never quotes the secret.
    ///
    /// Libraries let `whsec_` be left out. In a manifest it must be there: it tells a secret from a path, a name or a key
    /// of another kind that was written in its place.
    static func check(_ secret: String) -> String? {
        do {
            _ = try StandardWebhooks.Secret(secret)
        } catch {
            return error.description
        }
        return secret.hasPrefix(StandardWebhooks.Secret.prefix) ? nil : "the secret must begin with whsec_"
    }
}
