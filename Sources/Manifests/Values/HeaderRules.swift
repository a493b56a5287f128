/// Which request headers a subscription may add.
enum HeaderRules {
    /// Headers that belong to Fanfare or to the HTTP connection, with what to do instead.
    ///
    /// `user-agent` is among them: it is part of what receivers are told to expect (`fanfare/<version>`), and the first
    /// thing that tells whoever reads their logs where a request came from. `content-type` follows from the payload's
    /// format. `traceparent` and `tracestate` are passed through from the record.
    private static func owner(of name: String) -> String? {
        for prefix in ["webhook-", "ce-", "fanfare-"] where name.hasPrefix(prefix) {
            return "Fanfare sets the headers \(prefix)* itself"
        }
        switch name {
        case "content-type": return "payload.format decides it, or payload.contentType with a template"
        case "user-agent", "traceparent", "tracestate", "deprecation", "sunset": return "Fanfare sets it itself"
        case "x-hub-signature", "x-hub-signature-256", "stripe-signature":
            return "signing.scheme github or stripe makes Fanfare set it"
        case "host": return "it comes from the endpoint's URL"
        case "content-length", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect",
            "proxy-connection", "proxy-authorization", "http2-settings":
            return "it belongs to the HTTP connection"
        default: return nil
        }
    }

    /// Nil if the header may be added; a clause for a message otherwise.
    static func checkName(_ name: String) -> String? {
        // RFC 9110, section 5.6.2.
        let isToken = !name.isEmpty && name.utf8.count <= 128 && name.utf8.allSatisfy {
            ASCII.isLetter($0) || ASCII.isDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0)
        }
        guard isToken else { return "not a valid header name; use letters, digits and -" }
        return owner(of: name.lowercased()).map { "this header cannot be set here: \($0)" }
    }

    static func checkValue(_ value: String) -> String? {
        if value.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A }) { return "a header's value must not hold line breaks" }
        if value.utf8.contains(where: { ASCII.isControl($0) && $0 != 0x09 }) { return "a header's value must not hold control characters" }
        if value.first == " " || value.last == " " { return "a header's value must not begin or end with a space" }
        return value.utf8.count > 8192 ? "a header's value has at most 8192 bytes" : nil
    }

    /// Headers whose value is a credential.
    static func isCredential(_ name: String) -> Bool {
        ["authorization", "cookie", "x-api-key", "api-key", "x-auth-token"].contains(name.lowercased())
    }
}
