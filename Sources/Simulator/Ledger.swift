import DeliveryCore
import EventModel

/// What really happened to every event: the truth that the checks hold the engine to.
struct Ledger {
    struct Fate {
        /// Requests accepted by the endpoint, and dead letters written.
        var accepted = 0
        var deadLetters = 0
        /// Times that a crash or a lost answer made a repetition unavoidable.
        var excuses = 0
    }

    var fates: [Pair: Fate] = [:]
    /// Carriers whose engine was told of an outcome.
    private var outcomes: Set<Carrier> = []
    /// Those among them at or beyond the committed base.
    private var ahead: [CursorKey: Set<Int64>] = [:]
    /// The last offset that a `start` was resolved to; the first commit makes it final.
    var resolvedStart: [CursorKey: Int64] = [:]
    var starts: [CursorKey: Int64] = [:]
    /// By subscription.
    var successes: [Int]
    var diverted: [Int]
    var longestDelay: [TimeSpan]

    init(subscriptions: Int) {
        successes = Array(repeating: 0, count: subscriptions)
        longestDelay = Array(repeating: .zero, count: subscriptions)
        diverted = Array(repeating: 0, count: subscriptions)
    }

    mutating func excuse(_ pair: Pair) { fates[pair, default: Fate()].excuses += 1 }

    /// The engine is being told that this carrier's event was delivered, or that its diversion was acknowledged.
    mutating func settled(_ carrier: Carrier) {
        outcomes.insert(carrier)
        ahead[carrier.cursor, default: []].insert(carrier.offset)
    }

    func hasOutcome(_ carrier: Carrier) -> Bool { outcomes.contains(carrier) }

    mutating func committed(_ cursor: CursorKey, upTo base: Int64) {
        guard let offsets = ahead[cursor], !offsets.isEmpty else { return }
        ahead[cursor] = offsets.filter { $0 >= base }
    }

    /// Forgets and returns what would be repeated if the cursor's owner vanished now: settled, but not according to the
    /// last commit. What is repeated then will be settled once more.
    mutating func takeUncommitted(_ cursor: CursorKey, _ committed: Broker.Committed?) -> [Int64] {
        guard let offsets = ahead[cursor] else { return [] }
        let ranges = committed.flatMap { CursorMetadata.decode(base: $0.offset, $0.metadata) } ?? []
        let taken = offsets.filter { offset in !ranges.contains { $0.contains(offset) } }
        ahead[cursor]!.subtract(taken)
        return Array(taken)
    }
}
