internal import COpenSSL
public import EventModel

/// Checks requests of one scheme as a receiver should.
///
/// The order of the checks gives nothing away: only who has a secret gets past the last one.
public protocol RequestVerifier: Sendable {
    /// Returns when the request is authentic.
    ///
    /// - Parameters:
    ///   - header: a header's value by its name in small letters, nil where the request has none.
    ///   - body: as it was received.
    ///   - now: the receiver's clock, in seconds since 1970.
    func verify(header: (String) -> String?, body: UnsafeRawBufferPointer, now: Int64) throws(VerificationFailure)
}

/// Why a request is not to be trusted.
public enum VerificationFailure: Error, Equatable, CustomStringConvertible {
    case missingHeader(String)
    /// The timestamp is no number of seconds.
    case badTimestamp
    /// By how many seconds it is outside of the tolerance.
    case tooOld(seconds: Int64)
    case tooNew(seconds: Int64)
    case noMatchingSignature
    /// There are signatures, but none of a kind that there is a secret or key for.
    case noKnownScheme(expected: String)

    public var description: String {
        switch self {
        case .missingHeader(let name): "the header \(name) is missing"
        case .badTimestamp: "the timestamp is not a number of seconds since 1970"
        case .tooOld(let seconds): "the timestamp is too old, by \(seconds) s: a replay, or a clock that is wrong"
        case .tooNew(let seconds): "the timestamp is in the future, by \(seconds) s: a clock is wrong"
        case .noMatchingSignature: "no signature matches: another secret, or the body is not what was signed"
        case .noKnownScheme(let expected): "no signature of the scheme \(expected)"
        }
    }
}

/// What a receiver verifies with, in the written forms.
public struct VerificationKeys: Sendable {
    public var scheme: SignatureScheme
    /// A signature by any of them is enough.
    public var secrets: [String]
    /// `whpk_...`; likewise.
    public var publicKeys: [String]

    public init(scheme: SignatureScheme = .standard, secrets: [String] = [], publicKeys: [String] = []) {
        self.scheme = scheme
        self.secrets = secrets
        self.publicKeys = publicKeys
    }

    public var isEmpty: Bool { secrets.isEmpty && publicKeys.isEmpty }

    /// - Parameter tolerance: how far a timestamp may be from the receiver's clock, either way, in seconds.
    /// - Throws: what is wrong with the first secret or key that cannot be used.
    public func verifier(tolerance: Int64 = 300) throws(StandardWebhooks.SecretError) -> any RequestVerifier {
        guard scheme == .standard || publicKeys.isEmpty else {
            throw StandardWebhooks.SecretError("is of no use: only the scheme standard has ed25519 signatures", subject: "the public key")
        }
        let texts = { () throws(StandardWebhooks.SecretError) in
            try secrets.map { text throws(StandardWebhooks.SecretError) in try TextSecret(text) }
        }
        switch scheme {
        case .standard:
            return StandardVerifier(
                secrets: try secrets.map { text throws(StandardWebhooks.SecretError) in try StandardWebhooks.Secret(text) },
                publicKeys: try publicKeys.map { text throws(StandardWebhooks.SecretError) in try StandardWebhooks.PublicKey(text) },
                tolerance: tolerance)
        case .github: return GitHubVerifier(secrets: try texts())
        case .stripe: return StripeVerifier(secrets: try texts(), tolerance: tolerance)
        }
    }
}

/// What the verifiers share.
enum Verification {
    /// The seconds of a timestamp that is within the tolerance.
    static func seconds(of timestamp: String, tolerance: Int64, now: Int64) throws(VerificationFailure) -> Int64 {
        // Only the form that is signed: `+1` or `01` are the same number but another text.
        guard let seconds = Int64(timestamp), seconds >= 0, String(seconds) == timestamp else { throw .badTimestamp }
        let age = max(now, 0) - seconds
        if age > tolerance { throw .tooOld(seconds: age - tolerance) }
        if -age > tolerance { throw .tooNew(seconds: -age - tolerance) }
        return seconds
    }

    /// > CRYPTO_memcmp() [...] takes an amount of time dependent on len, but independent of the contents.
    static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
    }
}
