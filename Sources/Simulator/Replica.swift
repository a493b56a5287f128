import DeliveryCore
import EventModel

/// One process of the bridge: an engine, and what its performer keeps.
final class Replica {
    /// The head of one partition as it is read.
    struct Reader {
        var handle: PartitionHandle
        var offset: Int64
        /// An answer to an older fetch is thrown away.
        var epoch = 0
        var isFetching = false
        /// Fetched, but the engine does not want it yet.
        var waiting: Fetched? = nil
    }

    struct Fetched {
        var records: [SimulatedRecord]
        var nextOffset: Int64
        var end: Int64
    }

    /// One request under way.
    struct Attempt {
        var serial: Int
        var subscription: Int
        /// In the engine; another one after a removal.
        var id: SubscriptionID
        var carriers: [Carrier]
        var events: [EventKey]
        /// The endpoint has accepted it.
        var accepted = false
    }

    let index: Int
    var core: DeliveryCore
    var isUp = false
    var isLeaving = false
    var startAgain = false
    /// Requests for partitions that it lost may still be under way.
    var wasEvicted = false
    /// Of the process: what was on its way to an earlier one finds nobody.
    var incarnation = 0
    var effects = ContiguousArray<Effect>()
    var readers: [Reader] = []
    var tokens = TokenTable()
    var attempts: [Int: Attempt] = [:]
    /// Carriers of diversions under way, by their index.
    var diversions: [Int: Carrier] = [:]
    /// Diversions that the broker refused: they will be asked for again.
    var refused: Set<Int> = []
    var tickAt = Instant.distantFuture
    /// Effects that are still performed before the process dies in their midst.
    var effectsToLive: Int? = nil
    /// By subscription: nothing may be sent before (`Retry-After`).
    var blockedUntil: [Int: Instant] = [:]

    init(index: Int, core: consuming DeliveryCore) {
        self.index = index
        self.core = core
    }

    func isAlive(_ incarnation: Int) -> Bool { isUp && self.incarnation == incarnation }
}

/// The records lent to an engine: each is given back exactly once and not used after that.
struct TokenTable {
    struct Loan {
        var partition: TopicPartitionName
        var offset: Int64
        var record: SimulatedRecord
    }

    private var loans: [UInt: Loan] = [:]
    private var last: UInt = 0
    private(set) var bytes = 0

    mutating func lend(_ record: SimulatedRecord, of partition: TopicPartitionName) -> RecordToken {
        last += 1
        loans[last] = Loan(partition: partition, offset: record.offset, record: record)
        bytes += record.bytes
        return RecordToken(bits: last)
    }

    subscript(_ token: RecordToken) -> Loan? { loans[token.bits] }

    /// False when it was not lent, or given back already.
    mutating func giveBack(_ token: RecordToken) -> Bool {
        guard let loan = loans.removeValue(forKey: token.bits) else { return false }
        bytes -= loan.record.bytes
        return true
    }

    var count: Int { loans.count }
}
