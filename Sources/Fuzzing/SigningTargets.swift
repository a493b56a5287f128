import EventModel
import Signing

// Secrets and keys as people write them, and signatures as requests bring them.
extension FuzzTarget {
    private static let privateKey = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
    private static let publicKey = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    static let signing: [FuzzTarget] = [
        FuzzTarget("key", seeds: [privateKey, publicKey, secret, "a text of some length"], words: ["whsec_", "whsk_", "whpk_", "=="]) { input in
            guard let text = input.text else { return }
            if let key = try? StandardWebhooks.PublicKey(text) { require(key.text == text, "a public key that is written otherwise") }
            if let key = try? StandardWebhooks.PrivateKey(text) {
                require((try? StandardWebhooks.PublicKey(key.publicKey.text)) == key.publicKey, "a key without a public one")
            }
            if let secret = try? StandardWebhooks.Secret(text) {
                require((try? StandardWebhooks.Secret(secret.revealed()))?.revealed() == secret.revealed(), "a secret that reads as another one")
            }
            _ = try? TextSecret(text)
        },
        FuzzTarget(
            "signature",
            seeds: [
                "msg_p5jXN8AQM9LWM0D4loKWxJek\n1614265330\nv1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n{\"test\": 2432232314}",
                "a\n0\nt=0,v1=00,v1=11,v0=22\n{}", "a\n1\nsha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\n",
            ],
            words: ["v1,", "v1a,", "sha256=", "t=", ",v1=", "webhook-"]
        ) { input in
            let (id, rest) = input.split(at: UInt8(ascii: "\n"))
            let (timestamp, behind) = rest.split(at: UInt8(ascii: "\n"))
            let (signature, body) = behind.split(at: UInt8(ascii: "\n"))
            guard let id = id.text, let timestamp = timestamp.text, let signature = signature.text else { return }
            for (verifier, signer) in pairs {
                func isVerified(_ signature: String) -> Bool {
                    let headers = [
                        "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature, "x-hub-signature-256": signature,
                        "stripe-signature": signature,
                    ]
                    return (try? verifier.verify(header: { headers[$0] }, body: body, now: 1_614_265_330)) != nil
                }
                _ = isVerified(signature)
                guard let seconds = Int64(timestamp), String(seconds) == timestamp, (1_614_265_030...1_614_265_630).contains(seconds), !id.isEmpty else { continue }
                var target = [UInt8](repeating: 0, count: signer.longest + 1)
                let count = target.withUnsafeMutableBytes { target in
                    Array(id.utf8).withUnsafeBytes { signer.sign(SignedContent(id: $0, timestamp: seconds, body: body), into: target) }
                }
                require(isVerified(String(decoding: target.prefix(count), as: UTF8.self)), "a signature that is not verified")
            }
        },
    ]

    /// Each scheme with secrets of its own.
    private static let pairs: [(any RequestVerifier, any RequestSigner)] = SignatureScheme.allCases.compactMap { scheme in
        let keys = VerificationKeys(scheme: scheme, secrets: [secret], publicKeys: scheme == .standard ? [publicKey] : [])
        let method = SigningMethod(
            scheme: scheme, secrets: [SigningSecret(secret)], keys: scheme == .standard ? [SigningSecret(privateKey)] : [])
        guard let verifier = try? keys.verifier(), let signer = try? method.signer() else { return nil }
        return (verifier, signer)
    }
}
