import DeliveryCore
import EventModel

/// The engine of one shard, with an endpoint that accepts everything and a Kafka that commits at once.
struct EngineStage: ~Copyable {
    private static let records = 100

    private var core = DeliveryCore(options: CoreOptions())
    private var effects = ContiguousArray<Effect>()
    private var attempts: ContiguousArray<DeliveryID> = []
    private var commits: ContiguousArray<CursorGroup> = []
    private let partition = PartitionHandle(index: 0)
    private let slots: [Int32]
    private var milliseconds: Int64 = 0
    private var delivered = 0
    private var released = 0

    /// - Parameter change: of each subscription's policy.
    init(subscriptions: Int, _ change: (inout Subscription) -> Void) {
        slots = (0..<Int32(subscriptions)).map { $0 }
        step(.subscriptions(slots.map { index in
            var subscription = Subscription(name: "subscription-\(index)", topic: "orders", endpoint: "https://billing.example.com/hook")
            change(&subscription)
            return subscription
        }))
        step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        for slot in slots {
            step(.cursorLoaded(.subscription(SubscriptionID(index: Int(slot))), partition, .committed(offset: 0, metadata: "")))
        }
    }

    mutating func run(_ events: Int) {
        let batch = RecordBatch()
        for first in stride(from: 0, to: events, by: Self.records) {
            precondition(core.wantsRecords(partition, at: Instant(nanoseconds: milliseconds * 1_000_000)), "the engine is full although everything was answered")
            batch.removeAll()
            batch.partition = partition
            for offset in first..<first + Self.records {
                batch.records.append(
                    IncomingRecord(
                        offset: Int64(offset), token: RecordToken(bits: UInt(offset)), timestamp: wall, bytes: 1000, matches: slots.count, poison: false,
                        key: UInt64(offset % 1000)))
                batch.matches += slots
            }
            batch.nextOffset = Int64(first + Self.records)
            step(.records(batch))
            answer()
        }
        // Batches that are not full wait for their time.
        milliseconds += 10_000
        step(.tick)
        answer()
        step(.records(RecordBatch(behind: partition, Int64(events))))
        precondition(delivered == events * slots.count && released == events, "\(delivered) deliveries of \(events) events, of which \(released) are released")
    }

    private var wall: WallTime { WallTime(milliseconds: 1_000_000 + milliseconds) }

    private mutating func answer() {
        while true {
            if let id = attempts.popLast() {
                delivered += core.delivery(id).count
                step(.attemptEnded(id, AttemptOutcome(status: 204, message: ""), duration: .milliseconds(1)))
            } else if let group = commits.popLast() {
                step(.commitEnded(group, succeeded: true, duration: .milliseconds(1)))
            } else {
                break
            }
        }
        milliseconds += 1
        if let due = core.nextWakeup, due.nanoseconds <= milliseconds * 1_000_000 { step(.tick) }
    }

    private mutating func step(_ input: Input) {
        effects.removeAll(keepingCapacity: true)
        core.step(input, at: Moment(instant: Instant(nanoseconds: milliseconds * 1_000_000), wall: wall), into: &effects)
        for effect in effects {
            switch effect {
            case .attempt(let id): attempts.append(id)
            case .commit(let group, _): commits.append(group)
            case .release: released += 1
            default: break
            }
        }
    }
}

extension RecordBatch {
    /// Nothing, up to there.
    fileprivate convenience init(behind partition: PartitionHandle, _ offset: Int64) {
        self.init()
        self.partition = partition
        nextOffset = offset
    }
}
