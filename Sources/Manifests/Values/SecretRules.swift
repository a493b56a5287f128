internal import EventModel
internal import Signing

/// Signing secrets and keys, as manifests write them. Complaints never quote them.
enum SecretRules {
    /// Nil if the scheme can sign with it; a clause for a message otherwise.
    ///
    /// Libraries let `whsec_` be left out. In a manifest it must be there: it tells a secret from a path, a name or a key
    /// of another kind that was written in its place.
    static func check(_ secret: String, _ scheme: SignatureScheme) -> String? {
        do throws(StandardWebhooks.SecretError) {
            guard scheme == .standard else {
                _ = try TextSecret(secret)
                return nil
            }
            _ = try StandardWebhooks.Secret(secret)
        } catch {
            return error.description
        }
        return secret.hasPrefix(StandardWebhooks.Secret.prefix) ? nil : "the secret must begin with whsec_"
    }

    static func checkKey(_ key: String, _ scheme: SignatureScheme) -> String? {
        guard scheme == .standard else {
            return "the scheme \(scheme.rawValue) has no ed25519 signatures; remove the keys, or write scheme: standard"
        }
        do throws(StandardWebhooks.SecretError) {
            _ = try StandardWebhooks.PrivateKey(key)
            return nil
        } catch {
            return error.description
        }
    }
}
