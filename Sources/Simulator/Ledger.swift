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

    /// Where a cursor is to begin or go on, by its engine's word; the next commit makes it final.
    struct Placement {
        var offset: Int64
        /// Outcomes told until then do not count for what lies beyond.
        var serial: Int
        var replica: Int
        var incarnation: Int
    }

    var fates: [Pair: Fate] = [:]
    /// Carriers whose engine was told of an outcome, each with the number of the latest.
    private var outcomes: [Carrier: Int] = [:]
    /// Also the number of the outcome told last.
    private(set) var outcomesSoFar = 0
    /// Offsets with an outcome that the cursor's owner was told of, at or beyond the committed base.
    private var ahead: [CursorKey: Set<Int64>] = [:]

    /// Deleted by Kafka without an outcome, and what the engines said of it.
    var deleted: [CursorKey: [SimulatedRecord]] = [:]
    var lost: [CursorKey: [Range<Int64>]] = [:]

    var placements: [CursorKey: Placement] = [:]
    /// Where cursors were placed, the last of those places in the log: they know nothing of what lies before.
    var memoryStarts: [CursorKey: Int64] = [:]
    /// Dropped because the same event came before.
    var repeats: Set<Pair> = []
    /// Everything from here on must have an outcome.
    var starts: [CursorKey: Int64] = [:]
    /// Given up for a subscription that drops: it may have no other outcome.
    var mayDrop: Set<Pair> = []
    /// By subscription.
    var longestDelay: [TimeSpan]

    init(subscriptions: Int) {
        longestDelay = Array(repeating: .zero, count: subscriptions)
    }

    mutating func excuse(_ pair: Pair) { fates[pair, default: Fate()].excuses += 1 }

    /// The engine is being told that this carrier's event was delivered, or that its diversion was acknowledged.
    /// An engine whose place is another's by now knows it for nothing.
    mutating func settled(_ carrier: Carrier, isKnownToOwner: Bool) {
        outcomesSoFar += 1
        outcomes[carrier] = outcomesSoFar
        guard isKnownToOwner else { return }
        ahead[carrier.cursor, default: []].insert(carrier.offset)
    }

    func hasOutcome(_ carrier: Carrier) -> Bool { outcomes[carrier] != nil }

    /// What lies beyond is to come again.
    mutating func withdraw(_ cursor: CursorKey, from offset: Int64, upTo serial: Int) {
        outcomes = outcomes.filter { $0.key.cursor != cursor || $0.key.offset < offset || $0.value > serial }
    }

    /// The replica reads a cursor anew: where it put it before and did not commit it is forgotten.
    mutating func forgetPlacement(_ key: CursorKey, _ replica: Int) {
        if placements[key]?.replica == replica { placements[key] = nil }
    }

    mutating func forgetAhead(_ cursor: CursorKey) { ahead[cursor] = nil }

    mutating func committed(_ cursor: CursorKey, upTo base: Int64) {
        guard let offsets = ahead[cursor], !offsets.isEmpty else { return }
        ahead[cursor] = offsets.filter { $0 >= base }
    }

    /// What the owner knows to be settled at or beyond the committed base.
    func settledAhead(of cursor: CursorKey) -> Set<Int64>? { ahead[cursor] }

    /// Something that is settled and not committed.
    func uncommitted(_ cursor: CursorKey, _ committed: Broker.Committed?) -> Int64? {
        guard let offsets = ahead[cursor], !offsets.isEmpty else { return nil }
        let ranges = committed.flatMap { CursorMetadata.decode(base: $0.offset, $0.metadata) } ?? []
        return offsets.filter { !ranges.covers($0) }.min()
    }

    /// Forgets and returns what would be repeated if the cursor's owner vanished now: settled, but not according to the
    /// last commit. What is repeated then will be settled once more.
    mutating func takeUncommitted(_ cursor: CursorKey, _ committed: Broker.Committed?, from: Int64 = 0) -> [Int64] {
        guard let offsets = ahead[cursor] else { return [] }
        let ranges = committed.flatMap { CursorMetadata.decode(base: $0.offset, $0.metadata) } ?? []
        let taken = offsets.filter { $0 >= from && !ranges.covers($0) }
        ahead[cursor]!.subtract(taken)
        return Array(taken)
    }
}
