/// Which keys and headers may hold a secret, by their names.
package enum SecretNames {
    private static let words = ["auth", "cookie", "token", "secret", "key", "password", "passphrase", "credential", "signature", "sasl.oauthbearer.config"]

    /// Whether a header, a property or the parameter of a URL by this name may be one.
    package static func mayBeSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return words.contains { name.contains($0) }
    }

    /// Whether a key of `fanfare.yaml` or of a subscription may hold one. Keys that have words of users in them (filters,
    /// windows, the catalog) never do.
    package static func mayBeSecret(path: [String]) -> Bool {
        guard let place = path.firstIndex(where: { areas.contains($0) }) else { return false }
        // Beside them stand names of headers, addresses and files.
        if path[place] == "auth" { return ["username", "password", "token", "value", "clientSecret"].contains(path.last) }
        // Arguments may be anything; the program itself is no secret.
        if path[place] == "oauth" {
            return path.last == "clientSecret" || path.contains("command") && path.last != "0" || path.contains("extensions") && mayBeSecret(path.last!)
        }
        // Vendors of collectors have names of their own for the headers of their keys.
        if path[place] == "tracing" { return path.contains("headers") }
        return path[place...].contains { $0 != "publicKeys" && mayBeSecret($0) }
    }

    private static let areas: Set<String> = ["headers", "signing", "auth", "oauth", "properties", "schemaRegistry", "ops", "tracing", "egress", "tls"]
}
