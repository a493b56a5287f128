import EventModel
import Glibc

/// Looks for inputs whose time grows faster than their length: a piece of one is repeated, then twice as often, and so on.
///
/// What is measured is the processor time of this thread, the least of three; only a factor above three for each of two doublings
/// of something that takes long is a finding. A sum of fast parts has a factor of two.
public struct GrowthCheck {
    private let target: FuzzTarget
    private var random: SeededGenerator
    /// One input of so many is looked at.
    private static let share: UInt64 = 512
    /// In bytes: to how much a piece is repeated first.
    private static let length = 1 << 15
    private static let suspicious = 3.0
    /// In seconds; what is quicker is noise.
    private static let worthwhile = 0.01

    public init(_ target: FuzzTarget, seed: UInt64) {
        self.target = target
        random = SeededGenerator(seed: seed)
    }

    /// Now and then, stops the process where an input's time grows faster than its length.
    public mutating func look(at input: UnsafeRawBufferPointer) {
        guard random.next() % Self.share == 0, input.count >= 2 else { return }
        let start = Int.random(in: 0..<input.count, using: &random)
        let end = min(input.count, start + Int.random(in: 1...32, using: &random))
        let inputs = [1, 2, 4].map { pumped(input, start..<end, to: Self.length * $0) }
        let times = inputs.map(seconds)
        guard times[2] > Self.worthwhile, times[1] / times[0] > Self.suspicious, times[2] / times[1] > Self.suspicious else { return }
        // The input that libFuzzer keeps is the one that was pumped.
        fatalError("super-linear: bytes \(start) to \(end) repeated up to \(inputs.map(\.count)) bytes took \(times) seconds")
    }

    private func pumped(_ input: UnsafeRawBufferPointer, _ piece: Range<Int>, to length: Int) -> [UInt8] {
        var bytes = Array(input[..<piece.lowerBound])
        while bytes.count < length { bytes += input[piece] }
        return bytes + input[piece.upperBound...]
    }

    private func seconds(_ input: [UInt8]) -> Double {
        (0..<3).map { _ in
            let start = Self.now()
            input.withUnsafeBytes { target.run($0) }
            return Self.now() - start
        }.min()!
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
