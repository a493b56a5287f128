internal import COpenSSL

/// Checks requests as a receiver should.
public struct WebhookVerifier: Sendable {
    private let keys: [HMACKey]
    /// How far the timestamp may be from the receiver's clock, either way, in seconds.
    public var tolerance: Int64

    /// Why a request is not to be trusted.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        case missingHeader(String)
        /// `webhook-timestamp` is no number of seconds.
        case badTimestamp
        /// By how many seconds it is outside of the tolerance.
        case tooOld(seconds: Int64)
        case tooNew(seconds: Int64)
        case noMatchingSignature
        /// There are signatures, but none of a scheme that is known here.
        case noKnownScheme

        public var description: String {
            switch self {
            case .missingHeader(let name): "the header \(name) is missing"
            case .badTimestamp: "webhook-timestamp is not a number of seconds since 1970"
            case .tooOld(let seconds): "the timestamp is too old, by \(seconds) s: a replay, or a clock that is wrong"
            case .tooNew(let seconds): "the timestamp is in the future, by \(seconds) s: a clock is wrong"
            case .noMatchingSignature: "no signature matches: another secret, or the body is not what was signed"
            case .noKnownScheme: "no signature of the scheme v1"
            }
        }
    }

    /// - Parameters:
    ///   - secrets: a signature by any of them is enough.
    ///   - tolerance: in seconds.
    public init(secrets: [StandardWebhooks.Secret], tolerance: Int64 = 300) {
        keys = secrets.map(\.key)
        self.tolerance = tolerance
    }

    /// Takes the three headers' values, nil where the request has none. Returns when the request is authentic.
    ///
    /// The order of the checks gives nothing away: only who has a secret gets past the last one.
    ///
    /// - Parameter now: the receiver's clock, in seconds since 1970.
    public func verify(
        id: String?, timestamp: String?, signature: String?, body: UnsafeRawBufferPointer, now: Int64
    ) throws(Failure) {
        guard var id, !id.isEmpty else { throw .missingHeader("webhook-id") }
        guard let timestamp, !timestamp.isEmpty else { throw .missingHeader("webhook-timestamp") }
        guard let signature, !signature.isEmpty else { throw .missingHeader("webhook-signature") }
        // Only the form that is signed: `+1` or `01` are the same number but another text.
        guard let seconds = Int64(timestamp), seconds >= 0, String(seconds) == timestamp else { throw .badTimestamp }
        let age = max(now, 0) - seconds
        if age > tolerance { throw .tooOld(seconds: age - tolerance) }
        if -age > tolerance { throw .tooNew(seconds: -age - tolerance) }

        let candidates = signature.split(separator: " ").filter { $0.hasPrefix("v1,") }.map { Array($0.dropFirst(3).utf8) }
        guard !candidates.isEmpty else { throw .noKnownScheme }
        let matches = id.withUTF8 { id in
            keys.contains { key in
                let digest = WebhookSigner.authenticate(key, id: UnsafeRawBufferPointer(id), timestamp: seconds, body: body)
                let expected = Array(digest.withBytes { Base64.encode($0) }.utf8)
                return candidates.contains { WebhookVerifier.equal($0, expected) }
            }
        }
        guard matches else { throw .noMatchingSignature }
    }

    /// > CRYPTO_memcmp() [...] takes an amount of time dependent on len, but independent of the contents.
    private static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
    }
}
