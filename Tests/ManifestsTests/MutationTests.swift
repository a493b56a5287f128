import EventModel
import Foundation
import Manifests
import Testing

/// Manifests with characters deleted, doubled and replaced: whatever comes out, there is an answer.
@Suite struct MutationTests {
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        // SplitMix64.
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private let hidden = "whsec_SECRETSECRETSECRETSECRETSECRETSECRETSECR"

    @Test(arguments: 1...8) func mutatedManifestsNeverCrashAndNeverShowASecret(seed: UInt64) throws {
        var generator = Generator(state: seed)
        var configuration = BridgeConfiguration()
        configuration.egress.allowHTTP = true
        let originals = try ["orders.yaml", "payments.yaml"].map {
            Array(try Data(contentsOf: packageRoot.appendingPathComponent("topics/\($0)")))
        } + [Array(subscription(windowWithEveryKey).utf8)]
        let spice = Array(" \t\n:-[]{}\"'&*!|>%@`#,?$<~0\\".utf8) + [0x00, 0x80, 0xC3, 0xFF, 0x85]
        for _ in 0..<60 {
            var bytes = originals.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...12, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                let length = min(Int.random(in: 1...20, using: &generator), bytes.count - place)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes.removeSubrange(place..<place + length)
                case 1: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
                case 2: bytes[place] = spice.randomElement(using: &generator) ?? 0
                case 3: bytes.insert(spice.randomElement(using: &generator) ?? 0, at: place)
                default: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                }
            }
            let loaded = ManifestLoader.load(
                folder: "topics", configuration: configuration,
                environment: environment(bytes: ["topics/t.yaml": bytes, "topics/demo-secret": Array(hidden.utf8)]))
            #expect(loaded.isUsable == loaded.problems.errors.isEmpty)
            for problem in loaded.problems {
                #expect(problem.line >= 1 && problem.column >= 1 && !problem.message.isEmpty && !problem.message.contains("\n"))
                #expect(!problem.description.contains("SECRETSECRET"))
            }
        }
    }
}
