import EventModel

/// The only source of chance in a simulation.
struct Random {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> UInt64 { generator.next() }

    /// Uniform in `0 ..< 1`.
    mutating func unit() -> Double { generator.unit() }

    /// Uniform in the range; the modulo's bias does not matter here.
    mutating func int(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(next() % UInt64(range.count)) }

    mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    mutating func pick<T>(_ choices: [T]) -> T { choices[int(0...choices.count - 1)] }

    /// A generator of its own for a part of the simulation, so that one part's use does not shift another's.
    mutating func split() -> Random { Random(seed: next()) }
}
