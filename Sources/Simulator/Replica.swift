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
        /// Out of range: where the log begins and ends is being looked up.
        var isLookingUp = false
        /// Fetched, but the engine does not want it yet.
        var waiting: Fetched? = nil
        /// Nobody reads on, although somebody healthy waits for more.
        var heldBackSince: Instant? = nil
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
        var items: [Account.Item]
        var sentAt: Instant

        var handles: [PartitionHandle] { items.map(\.handle) }
    }

    /// One record under way to another topic.
    struct Diversion {
        var carrier: Carrier
        var handle: PartitionHandle
        var pair: Pair
        var serial = 0
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
    /// Under way, by their index.
    var diversions: [Int: Diversion] = [:]
    var tickAt = Instant.distantFuture
    /// Effects that are still performed before the process dies in their midst.
    var effectsToLive: Int? = nil
    /// How often it will die again soon after its start.
    var crashesToCome = 0
    /// Where a log begins, as it is being told.
    var logStart: Int64? = nil
    /// What its engine was told at its start.
    var options: CoreOptions
    /// The assignment in force of each partition that it was given.
    var handles: [TopicPartitionName: PartitionHandle] = [:]
    /// When it was asked to give a partition up.
    var drainsSince: [PartitionHandle: Instant] = [:]
    /// Those among them of which something is under way, and until when that was so.
    var waitingDrains: [PartitionHandle] = []
    var drainsWaitUntil: [PartitionHandle: Instant] = [:]
    var account = Account()
    var clock = Clock()
    /// The latest time that its wall clock showed before it was last set back, and when that was.
    var setBack: (from: WallTime, at: Instant)? = nil
    /// It stood still, or was in doubt, until then.
    var heldUpUntil = Instant(nanoseconds: 0)
    /// The record that the engine must report as dead-lettered.
    var deadLetterDue: (SubscriptionID, FailureKind)? = nil
    /// A manifest asked for batches once: parts of one that was cut then may still be sent.
    var hadBatches = false
    /// Takes no step since then; what arrives waits in the inbox.
    var standsStillSince: Instant? = nil
    var inbox: [Agenda<Simulation>.Action] = []
    /// The group went on without it.
    var isExpelled = false

    var isStandingStill: Bool { standsStillSince != nil }

    init(index: Int, options: CoreOptions, core: consuming DeliveryCore) {
        self.index = index
        self.options = options
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
        var since: Instant
    }

    private var loans: [UInt: Loan] = [:]
    private var last: UInt = 0
    private(set) var bytes = 0

    mutating func lend(_ record: SimulatedRecord, of partition: TopicPartitionName, at now: Instant) -> RecordToken {
        last += 1
        loans[last] = Loan(partition: partition, offset: record.offset, record: record, since: now)
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

/// What the records that an engine has tell of their events.
final class SimulatedIdentities: EventIdentities {
    private unowned let replica: Replica

    init(_ replica: Replica) { self.replica = replica }

    func identity(of record: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> EventIdentity? {
        guard let loan = replica.tokens[record], loan.record.identity != 0 else { return nil }
        return EventIdentity(high: 0, low: loan.record.identity)
    }
}
