/// Standard Webhooks secrets: `whsec_` and the base64 of 24 to 64 bytes.
enum SecretRules {
    /// Nil if it is one; a clause for a message otherwise. Never quotes the secret.
    static func check(_ secret: String) -> String? {
        let expected = "must be whsec_ and the base64 of 24 to 64 bytes; `openssl rand -base64 32` makes one"
        guard secret.hasPrefix("whsec_") else {
            return secret.isEmpty ? "the secret is empty; it \(expected)" : expected
        }
        let digits = secret.utf8.dropFirst("whsec_".utf8.count)
        let padding = digits.reversed().prefix { $0 == 0x3D }.count
        let body = digits.dropLast(padding)
        guard padding <= 2, digits.count % 4 == 0,
            body.allSatisfy({ ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x2B || $0 == 0x2F })
        else { return "the part after whsec_ is not valid base64" }
        let bytes = digits.count / 4 * 3 - padding
        guard (24...64).contains(bytes) else {
            return "the secret has \(bytes) bytes; it must have 24 to 64: `openssl rand -base64 32` makes one"
        }
        return nil
    }
}
