import CCurl

/// Which check of a TLS handshake failed, in words for people, and how they can look at it themselves.
enum TLSFailure {
    /// Continues "TLS with HOST failed: ".
    static func reason(_ code: CURLcode, verifyResult: Int, detail: String) -> String {
        switch code {
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return "its public key is none of tls.pins"
        case CURLE_SSL_CERTPROBLEM: return "the client certificate of auth.mtls cannot be used (\(detail))"
        case CURLE_PEER_FAILED_VERIFICATION:
            // libcurl compares names itself, after OpenSSL found nothing wrong.
            if detail.contains("subject name") { return "its certificate is for another host (\(detail))" }
            return verification[verifyResult].map { "\($0) (\(detail))" } ?? detail
        default:
            return handshake.first { words, _ in words.contains { detail.contains($0) } }.map { "\($0.reason) (\(detail))" } ?? detail
        }
    }

    /// Whether a message of libcurl's is about an alert that the other side sent: in TLS 1.3 a server says what it thinks of our
    /// certificate only after the handshake, so that reading the answer is what fails.
    static func isAlert(_ detail: String) -> Bool { detail.contains("SSL routines") && detail.contains(" alert ") }

    /// The command that shows what the endpoint's TLS looks like from here.
    static func command(_ target: Target) -> String {
        let name = target.hostName.map { " -servername \($0)" } ?? ""
        return "openssl s_client -connect \(target.authority)\(name)"
    }

    /// By the `X509_V_ERR_` codes of OpenSSL.
    private static let verification = [
        9: "its certificate is not yet valid",
        10: "its certificate has expired",
        18: "its certificate is self-signed",
        19: "its certificate's authority is not trusted: the chain ends in a self-signed certificate that is not in tls.ca",
        2: "its certificate's authority is not trusted", 20: "its certificate's authority is not trusted",
        21: "its certificate's authority is not trusted",
        23: "its certificate was revoked",
        66: "its certificate's key is too short", 67: "its authority's key is too short", 68: "its certificate's signature is too weak",
    ]

    /// By what OpenSSL calls it.
    private static let handshake: [(words: [String], reason: String)] = [
        (["unsupported protocol", "alert protocol version", "wrong ssl version"], "it does not speak TLS 1.2 or newer"),
        (["wrong version number", "packet length too long", "http request"], "what it speaks is not TLS"),
        (
            ["alert certificate required", "alert bad certificate", "alert unknown ca", "alert certificate unknown", "alert certificate expired",
                "alert certificate revoked", "alert unsupported certificate", "alert access denied", "peer did not return a certificate"],
            "it refuses the client certificate, or asks for one (auth.mtls)"
        ),
        (["alert handshake failure"], "it refuses the handshake: no cipher in common, or it asks for a client certificate (auth.mtls)"),
        // OpenSSL 3.0 has no words for it.
        (["no application protocol", "reason(1120)"], "it speaks none of the HTTP versions that delivery.http leaves"),
        (["alert unrecognized name"], "it does not know this host name"),
    ]
}
