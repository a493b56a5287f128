/// Checks signatures as GitHub makes them. There is no timestamp in them: replays are recognized by their id only.
public struct GitHubVerifier: RequestVerifier {
    private let keys: [HMACKey]

    /// - Parameter secrets: a signature by any of them is enough.
    public init(secrets: [TextSecret]) { keys = secrets.map(\.key) }

    public func verify(header: (String) -> String?, body: UnsafeRawBufferPointer, now: Int64) throws(VerificationFailure) {
        guard let signature = header("x-hub-signature-256"), !signature.isEmpty else { throw .missingHeader("X-Hub-Signature-256") }
        guard signature.hasPrefix("sha256=") else { throw .noKnownScheme(expected: "sha256") }
        let given = Array(signature.utf8.dropFirst("sha256=".utf8.count))
        let matches = keys.contains { key in
            Verification.equal(given, key.authenticate { $0.update(body) }.withBytes { Hex.encode($0) })
        }
        guard matches else { throw .noMatchingSignature }
    }
}
