import EventModel
import FoundationEssentials
import Simulator
import TerminalViews

/// What many seeds came to.
struct Summary {
    private(set) var runs = 0
    private(set) var failed: [Outcome] = []
    /// Of those seeds whose process lived to tell.
    private var digests: [UInt64: UInt64] = [:]
    private var seen: Set<UInt64> = []
    /// Of all seeds' digests, in whichever order they ended: equal for equal runs.
    private var digest: UInt64 = 0
    private var figures = Outcome.Figures()
    private var simulatedSeconds = 0.0
    var seconds = 0.0

    private var seeds: Int { seen.count }

    /// - Returns: the outcome, if something is wrong with it that is not known of its seed yet; also that the seed went another way the
    ///   last time.
    mutating func add(_ outcome: Outcome) -> Outcome? {
        var outcome = outcome
        runs += 1
        seen.insert(outcome.seed)
        if let digest = outcome.digest {
            if let before = digests.updateValue(digest, forKey: outcome.seed) {
                guard before != digest else { return nil }
                outcome.violations.append(Violation(.determinism, at: .zero, "two processes went different ways: \(hexadecimal(before)) and \(hexadecimal(digest))"))
            } else {
                self.digest ^= Self.mixed(outcome.seed, digest)
            }
        } else if failed.contains(where: { $0.seed == outcome.seed }) {
            return nil
        }
        figures.steps += outcome.figures.steps
        figures.attempts += outcome.figures.attempts
        figures.accepted += outcome.figures.accepted
        figures.deadLettered += outcome.figures.deadLettered
        figures.repeated += outcome.figures.repeated
        figures.crashes += outcome.figures.crashes
        if let windows = outcome.figures.windows {
            figures.windows = figures.windows ?? Outcome.Windows()
            figures.windows!.made += windows.made
            figures.windows!.late += windows.late
            figures.windows!.advances += windows.advances
        }
        simulatedSeconds += outcome.simulatedSeconds
        guard outcome.clause != nil else { return nil }
        failed.append(outcome)
        return outcome
    }

    private static func mixed(_ seed: UInt64, _ digest: UInt64) -> UInt64 {
        let mixed = (digest ^ (seed &* 0x9E37_79B9_7F4A_7C15)) &* 0xBF58_476D_1CE4_E5B9
        return mixed ^ (mixed >> 31)
    }

    var text: String {
        func grouped(_ number: Int) -> String { Numbers.grouped(number) }
        var lines: [String] = []
        let clauses = Dictionary(grouping: failed, by: { $0.clause! }).sorted { ($1.value.count, $0.key.rawValue) < ($0.value.count, $1.key.rawValue) }
        for (clause, outcomes) in clauses {
            let seeds = outcomes.map(\.seed).sorted()
            lines.append("\(clause.rawValue): \(seeds.count == 1 ? "seed" : "\(seeds.count) seeds,") " + seeds.prefix(10).map { "\($0)" }.joined(separator: " ") + (seeds.count > 10 ? " ..." : ""))
        }
        let verdict = failed.isEmpty ? "none breaks the contract" : failed.count == 1 ? "1 breaks the contract" : "\(failed.count) break the contract"
        lines.append("\(grouped(seeds)) seeds, \(verdict); \(Numbers.duration(seconds: Int(seconds))), \(grouped(Int(Double(runs) / max(seconds, 0.001)))) a second")
        lines.append(
            "\(Numbers.duration(seconds: Int(simulatedSeconds))) simulated: \(grouped(figures.attempts)) requests, \(grouped(figures.accepted)) events delivered, "
                + "\(grouped(figures.deadLettered)) dead-lettered, \(grouped(figures.repeated)) repeated, \(grouped(figures.crashes)) crashes")
        if let windows = figures.windows {
            lines.append("\(grouped(windows.made)) windows, \(grouped(windows.late)) late events, \(grouped(windows.advances)) advances at ends of logs")
        }
        lines.append("digest \(hexadecimal(digest))")
        return lines.joined(separator: "\n")
    }

    var json: String {
        struct Shown: Encodable {
            struct Failure: Encodable {
                var seed: UInt64
                var clause: String
                var atSeconds: Double
                var text: String
            }
            var seeds: Int
            var failed: [Failure]
            var digest: String
            var seconds: Double
            var simulatedSeconds: Double
            var figures: Outcome.Figures
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let failures = failed.sorted { $0.seed < $1.seed }.map {
            Shown.Failure(seed: $0.seed, clause: $0.clause!.rawValue, atSeconds: $0.violations[0].at.seconds, text: $0.violations[0].text)
        }
        let shown = Shown(seeds: seeds, failed: failures, digest: hexadecimal(digest), seconds: seconds, simulatedSeconds: simulatedSeconds, figures: figures)
        return String(decoding: try! encoder.encode(shown), as: UTF8.self)
    }
}

func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
