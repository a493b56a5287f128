import EventModel
import Signing
import Testing

private let privateKey = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
private let publicKey = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
private let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
private let body = Array(#"{"test": 2432232314}"#.utf8)
private let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
private let timestamp: Int64 = 1_614_265_330

@Suite("An ed25519 signature")
struct AsymmetricSignatureTests {
    @Test("is the one of the specification")
    func vectors() throws {
        guard let vectors = try Vector.all("sign") else { return }
        let asymmetric = vectors.filter { $0.scheme == "v1a" }
        #expect(asymmetric.count == 1)
        for vector in asymmetric {
            let key = try #require(vector.secret)
            #expect(try StandardWebhooks.PrivateKey(key).publicKey.text == vector.public)
            let value = try signature(
                [], keys: [key], id: try #require(vector.id), timestamp: try #require(vector.timestamp), body: Array(try #require(vector.body).utf8))
            #expect(value == vector.signature)
        }
    }

    @Test("stands behind those of secrets, once per key")
    func together() throws {
        let other = StandardWebhooks.PrivateKey.random().text
        let all = try signature([secret], keys: [privateKey, other], id: id, timestamp: timestamp, body: body)
        let parts = try [signature([secret], id: id, timestamp: timestamp, body: body)]
            + [privateKey, other].map { try signature([], keys: [$0], id: id, timestamp: timestamp, body: body) }
        #expect(all == parts.joined(separator: " "))
    }

    @Test("is verified with the public key of any of the private ones, and not if anything changed on the way")
    func verified() throws {
        let other = StandardWebhooks.PrivateKey.random()
        let value = try signature([secret], keys: [privateKey, other.text], id: id, timestamp: timestamp, body: body)
        func failure(_ keys: [String], secrets: [String] = [], _ value: String, id: String = id, body: [UInt8] = body) throws -> VerificationFailure? {
            let verifier = try VerificationKeys(secrets: secrets, publicKeys: keys).verifier()
            let headers = ["webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": value]
            return body.withUnsafeBytes { body in
                do throws(VerificationFailure) {
                    try verifier.verify(header: { headers[$0] }, body: body, now: timestamp)
                    return nil
                } catch {
                    return error
                }
            }
        }
        #expect(try failure([publicKey], value) == nil)
        #expect(try failure([StandardWebhooks.PrivateKey.random().key.publicKey.text, other.key.publicKey.text], value) == nil)
        #expect(try failure([StandardWebhooks.PrivateKey.random().key.publicKey.text], value) == .noMatchingSignature)
        #expect(try failure([StandardWebhooks.PrivateKey.random().key.publicKey.text], secrets: [secret], value) == nil)
        #expect(try failure([publicKey], value, id: "other") == .noMatchingSignature)
        #expect(try failure([publicKey], value, body: body + [0]) == .noMatchingSignature)
        #expect(try failure([publicKey], "v1,AAAA") == .noKnownScheme(expected: "v1a"))
        #expect(try failure([publicKey], "v1a,AAAA v1a,%%%%") == .noMatchingSignature)
        #expect(try failure([publicKey], secrets: [secret], "v2,AAAA") == .noKnownScheme(expected: "v1 or v1a"))
    }
}

@Suite("A private key")
struct PrivateKeyTests {
    @Test("is taken and refused as by the reference libraries")
    func vectors() throws {
        guard let vectors = try Vector.all("secret") else { return }
        for vector in vectors {
            let text = try #require(vector.secret)
            let expected = vector.valid == true && text.hasPrefix("whsk_")
            #expect(((try? StandardWebhooks.PrivateKey(text)) != nil) == expected, "\(text): \(vector.why ?? "")")
        }
    }

    @Test("is refused with a reason that does not repeat it", arguments: [
        ("", "the secret must begin with whsk_"), ("whsk_", "the secret is empty"), ("whsk_!!!!", "the secret is not base64 behind whsk_"),
        (secret, "the secret is a symmetric secret (whsec_)"), (publicKey, "the secret is a public key (whpk_), which cannot sign"),
        ("whsk_SGFsbG8=", "the key has 5 bytes: 64 bytes in base64 are expected"),
        ("whsk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", "the key has 32 bytes, a seed without the public key behind it"),
        (String(privateKey.dropLast(4) + "AA=="), "the key is damaged"),
    ])
    func reasons(text: String, reason: String) {
        do throws(StandardWebhooks.SecretError) {
            _ = try StandardWebhooks.PrivateKey(text)
            Issue.record("accepted")
        } catch {
            #expect(error.description.hasPrefix(reason), "\(error)")
            for part in ["SGFsbG8", "MfKQ", "1SiA", "6Xb"] { #expect(!error.description.contains(part)) }
        }
    }

    @Test("shows nothing when it is printed")
    func hidden() throws {
        let key = try StandardWebhooks.PrivateKey(privateKey)
        var dumped = ""
        dump(key, to: &dumped)
        for shown in ["\(key)", String(reflecting: key), dumped] { #expect(!shown.contains("6Xb") && shown.contains("whsk_***")) }
    }

    @Test("made at random is valid and never the same")
    func random() throws {
        let keys = (0..<20).map { _ in StandardWebhooks.PrivateKey.random() }
        #expect(Set(keys.map(\.text)).count == 20)
        for key in keys {
            #expect(try StandardWebhooks.PrivateKey(key.text).publicKey == key.key.publicKey)
            #expect(try StandardWebhooks.PublicKey(key.key.publicKey.text) == key.key.publicKey)
        }
    }

    @Test("is not taken for a public one, nor anything else", arguments: [privateKey, secret, "1SiA", "whpk_", "whpk_SGFsbG8=", "whpk_%"])
    func publicKeys(text: String) {
        #expect(throws: StandardWebhooks.SecretError.self) { try StandardWebhooks.PublicKey(text) }
    }

    @Test("has a public one that is also written as JSON Web Keys write it")
    func base64URL() throws {
        #expect(try StandardWebhooks.PublicKey(publicKey).base64URL == "1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4")
        // The key of RFC 8037, appendix A: its thumbprint is A.3's.
        let rfc = try StandardWebhooks.PublicKey("whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        #expect(rfc.base64URL == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        #expect(rfc.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    }
}
