import DeliveryCore
import EventModel

/// Makes a failing scenario small: fewer events, subscriptions, topics, records; options back at their defaults; shorter
/// times. What is left is what the failure needs.
///
/// It works on the scenario as plain data, so it needs to know nothing about what a field means, except how many
/// topics, subscriptions and replicas there are and that events name them by number.
public struct Minimizer {
    /// Whether this scenario still fails in the way that is looked into.
    private let fails: (Scenario) -> Bool
    /// A candidate that does not fail may fail with other chances: so many seeds are tried.
    private let seedsPerCandidate: Int
    private let candidatesAtMost: Int
    private var candidates = 0
    private var best: Scenario
    private let observer: (Scenario, _ candidates: Int) -> Void

    /// - Parameters:
    ///   - observer: told about each smaller scenario, and how many were tried.
    ///   - fails: with the scenario as it is, it is true.
    public init(
        _ scenario: Scenario, seedsPerCandidate: Int = 3, candidatesAtMost: Int = 5_000,
        observer: @escaping (Scenario, _ candidates: Int) -> Void = { _, _ in }, fails: @escaping (Scenario) -> Bool
    ) {
        best = scenario
        self.seedsPerCandidate = seedsPerCandidate
        self.candidatesAtMost = candidatesAtMost
        self.observer = observer
        self.fails = fails
    }

    /// The smallest one found, which nothing more can be taken from or for which enough were tried.
    public mutating func minimized() -> Scenario {
        best.features = []
        var before: Tree
        repeat {
            before = best.differences
            removeSubscriptions()
            removeEvents()
            removeTopics()
            removePhases()
            resetFields()
            shrinkNumbers()
        } while best.differences != before && candidates < candidatesAtMost
        return best
    }

    /// Keeps the candidate if it fails.
    private mutating func attempt(_ candidate: Scenario?) -> Bool {
        guard var candidate, candidate.problem == nil else { return false }
        let seed = candidate.seed
        for variation in 0..<UInt64(seedsPerCandidate) where candidates < candidatesAtMost {
            candidate.seed = seed &+ variation
            candidates += 1
            guard fails(candidate) else { continue }
            best = candidate
            observer(candidate, candidates)
            return true
        }
        return false
    }

    // MARK: Lists

    private mutating func removeEvents() {
        let whole = best
        _ = smallestSubset(Array(whole.events.indices)) { indices in
            var candidate = best
            candidate.events = indices.map { whole.events[$0] }
            return attempt(candidate)
        }
    }

    private mutating func removeSubscriptions() {
        for i in best.subscriptions.indices.reversed() where best.subscriptions.count > 1 { _ = attempt(best.without(subscription: i)) }
    }

    private mutating func removeTopics() {
        for i in best.topics.indices.reversed() where best.topics.count > 1 { _ = attempt(best.without(topic: i)) }
    }

    private mutating func removePhases() {
        for i in best.endpoints.indices where !best.endpoints[i].phases.isEmpty {
            let phases = best.endpoints[i].phases
            _ = smallestSubset(Array(phases.indices)) { indices in
                var candidate = best
                candidate.endpoints[i].phases = indices.map { phases[$0] }
                return attempt(candidate)
            }
        }
    }

    // MARK: Fields

    /// As many as possible get their default back; all at once where that works.
    private mutating func resetFields() {
        let differences = best.differences
        _ = smallestSubset(differences.fieldPaths) { kept in
            attempt(try? Scenario(differences: differences.keeping(Set(kept)).with(seed: best.seed)))
        }
    }

    /// Fewer records, partitions and replicas, shorter times. Options keep values that somebody meant.
    private mutating func shrinkNumbers() {
        for path in best.differences.amounts {
            while let now = best.differences[path] {
                let smaller = now.smaller.contains { attempt(try? Scenario(differences: best.differences.replacing(path, by: $0))) }
                if !smaller { break }
            }
        }
    }
}
