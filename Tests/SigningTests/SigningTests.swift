import Foundation
import Signing
import Testing

/// Signs and returns the header's value.
func signature(by signer: any RequestSigner, id: String, timestamp: Int64, body: [UInt8]) -> String {
    var target = [UInt8](repeating: 0, count: signer.longest + 1)
    let count = target.withUnsafeMutableBytes { target in
        Array(id.utf8).withUnsafeBytes { id in
            body.withUnsafeBytes { signer.sign(SignedContent(id: id, timestamp: timestamp, body: $0), into: target) }
        }
    }
    return String(decoding: target.prefix(count), as: UTF8.self)
}

/// By Standard Webhooks.
func signature(_ secrets: [String], keys: [String] = [], id: String, timestamp: Int64, body: [UInt8]) throws -> String {
    let signer = StandardSigner(
        secrets: try secrets.map { try StandardWebhooks.Secret($0) }, keys: try keys.map { try StandardWebhooks.PrivateKey($0) })
    let value = signature(by: signer, id: id, timestamp: timestamp, body: body)
    #expect(value.utf8.count == signer.longest)
    return value
}

struct Vector: Decodable {
    var type: String
    var scheme: String?
    var secret: String?
    var `public`: String?
    var id: String?
    var timestamp: Int64?
    var body: String?
    var signature: String?
    var valid: Bool?
    var why: String?

    /// `$FANFARE_VECTORS`, or `../shared/vectors` beside the package; nil when absent.
    static func all(_ type: String) throws -> [Vector]? {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = ProcessInfo.processInfo.environment["FANFARE_VECTORS"].map { URL(fileURLWithPath: $0) }
            ?? root.deletingLastPathComponent().appendingPathComponent("shared/vectors")
        let file = folder.appendingPathComponent("standard-webhooks-derived/vectors.json")
        guard let data = try? Data(contentsOf: file) else {
            print("skipped: no vectors (\(file.path))")
            return nil
        }
        return try JSONDecoder().decode([Vector].self, from: data).filter { $0.type == type }
    }
}

@Suite("A signature")
struct SignatureTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

    @Test("is the one of the Standard Webhooks libraries")
    func vectors() throws {
        guard let vectors = try Vector.all("sign") else { return }
        let symmetric = vectors.filter { $0.scheme == "v1" }
        #expect(symmetric.count == 2)
        for vector in symmetric {
            let result = try signature(
                [try #require(vector.secret)], id: try #require(vector.id), timestamp: try #require(vector.timestamp),
                body: Array(try #require(vector.body).utf8))
            #expect(result == vector.signature)
        }
    }

    /// Computed with Python's `hmac` and `hashlib`: secrets are the bytes 0 to length - 1, bodies `i * 7 % 256`.
    @Test("is the one that Python's hmac computes, for every length of secret and body around the block size", arguments: [
        (24, 0, "DU55CXEPwWH1TI6tzs9qFMB/k3COfpjvK1qQHkoxOZI="),
        (24, 1, "qV5oV+4UVBj177yOwpE07vNLObGbre1dRjG8wih9/oU="),
        (24, 55, "PNocj44O4ZZ2kbBMgERCHPgIN5H/PKkXfR3F5VLInRw="),
        (24, 64, "PD1I5nGwjNtZEi+MlLtUdVipSJw9dgVpjiq/74cVpe4="),
        (24, 1000, "kpSeSPiYCzDyguWGRRkx6J1cNFxMj+MP8DTxNAfVmDU="),
        (32, 0, "AvGPqE0CTogrWUUfPBN4L+nlNzDkwfIG5llUmNsvsXc="),
        (32, 1, "uZV8FG4piQ3akTH1aUsVlMEvu6z/WRI2qNuYCdDklrs="),
        (32, 55, "erSLyi32pAGjNHw2EfPEsmTYMVHlStI/vu0m909l/qA="),
        (32, 64, "CGY043g7UBE4tZ0VqJqzy8EmBeFb/Yxt0bOPEKhKmEU="),
        (32, 1000, "SjNQWeuEhwXxAFjvb6JQd2oye8brRUPPlsGZV7pqYUo="),
        (63, 0, "KpqhAhvKErn083uBzATGrj1YmW0C2qESheHK3fAN9uM="),
        (63, 1, "T4YeNKmHpC8boMXn5gsHBdLlbdcBqTaDB19wm4VX08k="),
        (63, 55, "c/KIlaqFUH2nC0ao4yW+go+Qx2gtnko/qXtT+5CxzUg="),
        (63, 64, "jActeB/iJ1sPJyW+P1R5tC+TuZX3B8DwbhmbCUZWmmc="),
        (63, 1000, "bdiZZLM5C0zFTuhA8i1QsrE9bjYA8RVfL+PkEsVOGv4="),
        (64, 0, "IQtaVgX4Rz+iUYk/nP+c6bnTIZnsGs8iqCShgZ1t1ks="),
        (64, 1, "S1YkKOHekQIf+bci6fBYjyvwHxl2zSt3nmUG6xoTYe4="),
        (64, 55, "++xqS36k3eOZ1B1bNnLKtMkq+8dtV1LU6Ehlv4mDego="),
        (64, 64, "0Vtvq3MYNk1Y3QvncAiioBeuX26f7rMJREVkVWbDHxc="),
        (64, 1000, "j3qmmKqc0ca7/jfJDviKusTBByzTVCe4QlpdyzuOM14="),
    ] as [(Int, Int, String)])
    func python(secretLength: Int, bodyLength: Int, expected: String) throws {
        let secret = "whsec_" + Data((0..<secretLength).map { UInt8($0) }).base64EncodedString()
        let body = (0..<bodyLength).map { UInt8($0 * 7 % 256) }
        #expect(try signature([secret], id: "evt_1", timestamp: 1_700_000_000, body: body) == "v1," + expected)
    }

    @Test("stands once per secret, in their order, with spaces between")
    func several() throws {
        let body = Array("{}".utf8)
        let one = try signature([Self.secret], id: "a", timestamp: 1, body: body)
        let two = try signature([Self.other], id: "a", timestamp: 1, body: body)
        #expect(try signature([Self.secret, Self.other], id: "a", timestamp: 1, body: body) == "\(one) \(two)")
        #expect(one != two)
    }

    @Test("depends on id, timestamp and body")
    func depends() throws {
        let all = [("a", 1, "x"), ("b", 1, "x"), ("a", 2, "x"), ("a", 1, "y"), ("a", 1, ""), ("", 1, "x")] as [(String, Int64, String)]
        let signatures = try all.map { try signature([Self.secret], id: $0.0, timestamp: $0.1, body: Array($0.2.utf8)) }
        #expect(Set(signatures).count == all.count)
    }
}

@Suite("A secret")
struct SecretTests {
    @Test("is taken and refused as by the reference libraries")
    func vectors() throws {
        guard let vectors = try Vector.all("secret") else { return }
        for vector in vectors {
            let text = try #require(vector.secret)
            // An asymmetric key is not a symmetric secret, however valid it is.
            let expected = vector.valid == true && !text.hasPrefix("whsk_")
            #expect(((try? StandardWebhooks.Secret(text)) != nil) == expected, "\(text): \(vector.why ?? "")")
        }
    }

    @Test("may come without its prefix")
    func noPrefix() throws {
        #expect(try StandardWebhooks.Secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").revealed() == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    }

    @Test("is refused with a reason that does not repeat it", arguments: [
        ("", "is empty"), ("whsec_", "is empty"), ("whsec_SGFsbG8=", "has only 5 bytes"), ("whsec_geheim!!", "is not base64"),
        ("whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "is not base64"), ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS=\n", "is not base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La=aS=", "is not base64"), ("whsk_abc", "is an asymmetric secret key"), ("whpk_abc", "is a public key"),
        ("whsec_" + String(repeating: "A", count: 88), "has 66 bytes"), (String(repeating: "A", count: 5000), "is too long"),
    ])
    func reasons(text: String, reason: String) {
        do throws(StandardWebhooks.SecretError) {
            _ = try StandardWebhooks.Secret(text)
            Issue.record("accepted")
        } catch {
            #expect(error.message.hasPrefix(reason) && error.description.hasPrefix("the secret \(reason)"))
            for part in ["SGFsbG8", "geheim", "MfKQ", "AAAA"] { #expect(!error.message.contains(part)) }
        }
    }

    @Test("shows nothing when it is printed")
    func hidden() throws {
        let secret = try StandardWebhooks.Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        var dumped = ""
        dump(secret, to: &dumped)
        for shown in ["\(secret)", String(reflecting: secret), dumped] { #expect(!shown.contains("MfKQ") && shown.contains("whsec_***")) }
    }

    @Test("made at random is valid and never the same")
    func random() throws {
        let secrets = (0..<100).map { _ in StandardWebhooks.Secret.random().revealed() }
        #expect(Set(secrets).count == 100)
        for secret in secrets { #expect(try StandardWebhooks.Secret(secret).revealed() == secret) }
    }
}

@Suite("A verifier")
struct VerifierTests {
    private static let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let body = Array(#"{"test": 2432232314}"#.utf8)
    private static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private static let timestamp: Int64 = 1_614_265_330
    private static let good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    private func failure(
        id: String? = id, timestamp: String? = "1614265330", signature: String? = good, body: [UInt8] = body, now: Int64 = timestamp,
        secrets: [String] = [text]
    ) throws -> VerificationFailure? {
        let verifier = StandardVerifier(secrets: try secrets.map { try StandardWebhooks.Secret($0) })
        return body.withUnsafeBytes { body in
            do throws(VerificationFailure) {
                try verifier.verify(id: id, timestamp: timestamp, signature: signature, body: body, now: now)
                return nil
            } catch {
                return error
            }
        }
    }

    @Test("takes what was signed, also among other signatures and by one of several secrets")
    func takes() throws {
        #expect(try failure() == nil)
        #expect(try failure(signature: "v1,AAAA v2,xyz \(Self.good) v1a,AAAA") == nil)
        #expect(try failure(secrets: ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", Self.text]) == nil)
    }

    @Test("takes a timestamp as old and as new as the tolerance, and no further")
    func tolerance() throws {
        #expect(try failure(now: Self.timestamp + 300) == nil && failure(now: Self.timestamp - 300) == nil)
        #expect(try failure(now: Self.timestamp + 301) == .tooOld(seconds: 1))
        #expect(try failure(now: Self.timestamp - 302) == .tooNew(seconds: 2))
    }

    @Test("says which header is missing")
    func missing() throws {
        #expect(try failure(id: nil) == .missingHeader("webhook-id") && failure(id: "") == .missingHeader("webhook-id"))
        #expect(try failure(timestamp: nil) == .missingHeader("webhook-timestamp"))
        #expect(try failure(signature: nil) == .missingHeader("webhook-signature"))
    }

    @Test("refuses timestamps that are not what was signed", arguments: [
        "x", "01614265330", "+1614265330", " 1614265330", "1614265330.0", "-1", "99999999999999999999",
    ])
    func badTimestamps(timestamp: String) throws { #expect(try failure(timestamp: timestamp) == .badTimestamp) }

    @Test("survives timestamps at the end of the number range")
    func extremeTimestamps() throws {
        #expect(try failure(timestamp: "9223372036854775807") == .tooNew(seconds: .max - Self.timestamp - 300))
        #expect(try failure(timestamp: "0", now: .max) == .tooOld(seconds: .max - 300))
    }

    @Test("refuses anything changed on the way")
    func changed() throws {
        #expect(try failure(id: "msg_other") == .noMatchingSignature)
        #expect(try failure(timestamp: "1614265331") == .noMatchingSignature)
        #expect(try failure(body: Self.body + [0x20]) == .noMatchingSignature)
        #expect(try failure(secrets: ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]) == .noMatchingSignature)
        for signature in [String(Self.good.dropLast()), Self.good + "=", "v1,", "v1," + Self.good] {
            #expect(try failure(signature: signature) == .noMatchingSignature)
        }
        for signature in ["g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v2" + Self.good.dropFirst(2), " "] {
            #expect(try failure(signature: signature) == .noKnownScheme(expected: "v1"))
        }
    }
}

@Suite("A batch's id")
struct BatchIDTests {
    private func id(_ ids: [String]) -> String {
        var batch = BatchID()
        for id in ids { Array(id.utf8).withUnsafeBytes { batch.add($0) } }
        var target = [UInt8](repeating: 0, count: BatchID.length)
        let count = target.withUnsafeMutableBytes { batch.finish(into: $0) }
        return String(decoding: target.prefix(count), as: UTF8.self)
    }

    @Test("is the same for the same events in the same order only")
    func distinct() {
        let batches = [[], [""], ["", ""], ["ab", "c"], ["a", "bc"], ["abc"], ["c", "ab"], ["a", "b", "c"]]
        #expect(Set(batches.map(id)).count == batches.count)
        #expect(id(["ab", "c"]) == id(["ab", "c"]))
    }

    @Test("is the first 128 bits of SHA-256 over lengths and ids")
    func value() {
        // printf '\0\0\0\0\0\0\0\2ab\0\0\0\0\0\0\0\1c' | sha256sum
        #expect(id(["ab", "c"]) == "batch_601d5476e2ccfe2c87a2bba7a3226597")
    }
}

@Suite("The id of a window's event")
struct WindowEventIDTests {
    private func id(
        _ subscription: String = "s", _ topic: String = "t", _ partition: Int32 = 0, _ group: String = "[]", _ start: Int64 = 0, _ end: Int64 = 1
    ) -> String {
        let group = Array(group.utf8)
        var target = [UInt8](repeating: 0, count: WindowEventID.length)
        let id = group.withUnsafeBytes {
            WindowEventID(subscription: subscription, topic: topic, partition: partition, group: $0, start: start, end: end)
        }
        target.withUnsafeMutableBytes { _ = id.finish(into: $0) }
        return String(decoding: target, as: UTF8.self)
    }

    @Test func isTheSameForTheSameWindowOnly() {
        #expect(id() == id())
        let ids = [id(), id("x"), id("s", "x"), id("st", ""), id("s", "t", 1), id("s", "t", 0, "[1]"), id("s", "t", 0, "[]", -1), id("s", "t", 0, "[]", 0, 2)]
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.hasPrefix("window_") && $0.utf8.count == 39 })
    }
}
