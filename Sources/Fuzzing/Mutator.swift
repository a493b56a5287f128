import EventModel

/// Changes inputs a little, from a seed: what unit tests do for a moment, without libFuzzer's sight of what code is reached.
package struct Mutator {
    private var random: SeededGenerator
    private let corpus: [[UInt8]]
    private let words: [[UInt8]]

    /// - Parameter corpus: not empty.
    package init(_ target: FuzzTarget, corpus: [[UInt8]], seed: UInt64) {
        random = SeededGenerator(seed: seed)
        self.corpus = corpus
        words = target.words.map { Array($0.utf8) }
    }

    package mutating func next() -> [UInt8] {
        var bytes = corpus.randomElement(using: &random)!
        for _ in 0..<Int.random(in: 1...6, using: &random) { change(&bytes) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, place + Int.random(in: 1...16, using: &random))
        switch Int.random(in: 0..<9, using: &random) {
        case 0 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &random)
        case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4: bytes.removeSubrange(place...)
        case 5: if let word = words.randomElement(using: &random) { bytes.insert(contentsOf: word, at: place) }
        case 6: if let word = words.randomElement(using: &random) { bytes.replaceSubrange(place..<end, with: word) }
        case 7:
            // The beginning of one and the end of another.
            let other = corpus.randomElement(using: &random)!
            bytes.replaceSubrange(place..., with: other.suffix(Int.random(in: 0...other.count, using: &random)))
        default: bytes.insert(.random(in: 0...255, using: &random), at: place)
        }
        if bytes.count > 1 << 14 { bytes.removeLast(bytes.count - 1 << 14) }
    }
}
