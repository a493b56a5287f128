import Foundation
import Fuzzing
import Testing

/// A moment of what `make fuzz` does for as long as you like: whatever comes in, no parser stops the process.
@Suite struct FuzzTests {
    private static let vectors: String? = {
        if let folder = ProcessInfo.processInfo.environment["FANFARE_VECTORS"] { return folder }
        let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../shared/vectors").standardized.path
        return FileManager.default.fileExists(atPath: beside) ? beside : nil
    }()

    @Test("Inputs of every kind, and what becomes of them in thousands of small changes, are read or refused", arguments: FuzzTarget.all.map(\.name))
    func changes(_ name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let corpus = target.corpus(vectors: Self.vectors)
        for seed in corpus { seed.withUnsafeBytes { target.run($0) } }
        var mutator = Mutator(target, corpus: corpus, seed: 1)
        for _ in 0..<2000 { mutator.next().withUnsafeBytes { target.run($0) } }
    }
}
