import EventModel
import Signing
import Testing

private func failure(
    _ scheme: SignatureScheme, _ secrets: [String], _ headers: [String: String], body: [UInt8], now: Int64 = 0
) throws -> VerificationFailure? {
    let verifier = try VerificationKeys(scheme: scheme, secrets: secrets).verifier()
    return body.withUnsafeBytes { body in
        do throws(VerificationFailure) {
            try verifier.verify(header: { headers[$0] }, body: body, now: now)
            return nil
        } catch {
            return error
        }
    }
}

private func value(_ scheme: SignatureScheme, _ secrets: [String], timestamp: Int64 = 0, body: [UInt8]) throws -> String {
    let signer = try SigningMethod(scheme: scheme, secrets: secrets.map { SigningSecret($0) }).signer()
    return signature(by: signer, id: "not signed", timestamp: timestamp, body: body)
}

@Suite("A signature as GitHub's")
struct GitHubTests {
    /// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    private static let secret = "It's a Secret to Everybody"
    private static let body = Array("Hello, World!".utf8)
    private static let good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    @Test("is the one of GitHub's documentation, by the first secret")
    func documented() throws {
        #expect(try value(.github, [Self.secret], body: Self.body) == Self.good)
        #expect(try value(.github, [Self.secret, "another secret text"], body: Self.body) == Self.good)
    }

    @Test("is verified, and not if anything changed on the way")
    func verified() throws {
        func failure(_ text: String?, _ secrets: [String] = [Self.secret], body: [UInt8] = Self.body) throws -> VerificationFailure? {
            try SigningTests.failure(.github, secrets, text.map { ["x-hub-signature-256": $0] } ?? [:], body: body)
        }
        #expect(try failure(Self.good) == nil)
        #expect(try failure(Self.good, ["another secret text", Self.secret]) == nil)
        #expect(try failure(nil) == .missingHeader("X-Hub-Signature-256"))
        #expect(try failure("sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17") == .noKnownScheme(expected: "sha256"))
        for changed in [String(Self.good.dropLast()), Self.good.uppercased().replacing("SHA256", with: "sha256"), "sha256="] {
            #expect(try failure(changed) == .noMatchingSignature)
        }
        #expect(try failure(Self.good, ["another secret text"]) == .noMatchingSignature)
        #expect(try failure(Self.good, body: []) == .noMatchingSignature)
    }
}

@Suite("A signature as Stripe's")
struct StripeTests {
    private static let secret = "whsec_test_secret_of_stripe"
    private static let body = Array(#"{"id": "evt_1"}"#.utf8)
    /// Computed with Python's `hmac` over `1700000000.` and the body, the secret's whole text being the key.
    private static let good = "0edeb39d2add9848150ddda16e50f35b4cdef450728780e764d407ac8f62550f"
    private static let other = "4aafd747bc5d924c723e91c48df1a77b12dd2cf4d231d50e95e233e07bb2ee01"

    @Test("is the one that Python's hmac computes, once per secret")
    func computed() throws {
        #expect(try value(.stripe, [Self.secret], timestamp: 1_700_000_000, body: Self.body) == "t=1700000000,v1=\(Self.good)")
        #expect(
            try value(.stripe, ["another secret text", Self.secret], timestamp: 1_700_000_000, body: Self.body)
                == "t=1700000000,v1=\(Self.other),v1=\(Self.good)")
    }

    @Test("is verified among others, and not if anything changed on the way")
    func verified() throws {
        func failure(
            _ text: String?, _ secrets: [String] = [Self.secret], body: [UInt8] = Self.body, now: Int64 = 1_700_000_000
        ) throws -> VerificationFailure? {
            try SigningTests.failure(.stripe, secrets, text.map { ["stripe-signature": $0] } ?? [:], body: body, now: now)
        }
        let value = "t=1700000000,v0=abc,v1=\(Self.other),v1=\(Self.good)"
        #expect(try failure(value) == nil)
        #expect(try failure(value, ["another secret text"]) == nil)
        #expect(try failure(value, ["some other secret text"]) == .noMatchingSignature)
        #expect(try failure(nil) == .missingHeader("Stripe-Signature"))
        #expect(try failure("v1=\(Self.good)") == .badTimestamp)
        #expect(try failure("t=01700000000,v1=\(Self.good)") == .badTimestamp)
        #expect(try failure("t=1700000000,v0=\(Self.good)") == .noKnownScheme(expected: "v1"))
        #expect(try failure("t=1700000001,v1=\(Self.good)") == .noMatchingSignature)
        #expect(try failure(value, body: []) == .noMatchingSignature)
        #expect(try failure(value, now: 1_700_000_301) == .tooOld(seconds: 1))
        #expect(try failure(value, now: 1_699_999_698) == .tooNew(seconds: 2))
    }
}

@Suite("A secret that is text")
struct TextSecretTests {
    @Test("is refused with a reason that does not repeat it", arguments: [
        ("", "the secret is empty"), ("geheim", "the secret has only 6 bytes"), ("geheim\ngeheim geheim", "the secret must be text of one line"),
        (" geheim geheim geheim", "the secret must be text of one line"), (String(repeating: "geheim", count: 200), "the secret is longer"),
        ("whsk_geheimgeheimgeheim", "the secret is an ed25519 key"), ("whpk_geheimgeheimgeheim", "the secret is an ed25519 key"),
    ])
    func reasons(text: String, reason: String) {
        do throws(StandardWebhooks.SecretError) {
            _ = try TextSecret(text)
            Issue.record("accepted")
        } catch {
            #expect(error.description.hasPrefix(reason), "\(error)")
            #expect(!error.description.contains("geheim"))
        }
    }
}
