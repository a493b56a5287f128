import DeliveryCore
import EventModel
import Testing

/// An engine with a clock moved by hand, whose effects are read as lines of text. A record's token is its offset.
final class Engine {
    private(set) var core: DeliveryCore
    private var milliseconds: Int64 = 0
    /// How often it asked to be woken.
    private(set) var ticks = 0
    private var handles: [TopicPartitionName] = []
    let orders = PartitionHandle(index: 0)

    init(_ options: CoreOptions = CoreOptions()) { core = DeliveryCore(options: options) }

    /// An engine that reads one partition of `orders` from offset 0 for these subscriptions.
    static func reading(
        _ subscriptions: [Subscription], _ options: CoreOptions = CoreOptions(), windows: (any WindowContents)? = nil,
        identities: (any EventIdentities)? = nil
    ) -> Engine {
        let engine = Engine(options)
        engine.core.identities = identities
        engine.core.contents = windows
        engine.step(.subscriptions(subscriptions))
        engine.step(.assigned([TopicPartitionName(topic: "orders", partition: 0)]))
        for i in subscriptions.indices {
            engine.step(.cursorLoaded(.subscription(SubscriptionID(index: i)), engine.orders, .committed(offset: 0, metadata: "")))
        }
        return engine
    }

    /// Moves the clock on, ticking at every moment the engine asked for.
    @discardableResult
    func wait(_ span: TimeSpan) -> [String] {
        let end = milliseconds + span.nanoseconds / 1_000_000
        var lines: [String] = []
        while let due = core.nextWakeup, due.nanoseconds <= end * 1_000_000 {
            milliseconds = max(milliseconds, (due.nanoseconds + 999_999) / 1_000_000)
            ticks += 1
            lines += step(.tick)
        }
        milliseconds = end
        return lines + step(.tick)
    }

    var wantsRecords: Bool { core.wantsRecords(orders, at: Instant(nanoseconds: milliseconds * 1_000_000)) }

    var idleEnd: WallTime? { core.idleEnd(of: orders) }

    func diversion(_ id: Int) -> DiversionView { core.diversion(DiversionID(index: id)) }

    var now: WallTime { WallTime(milliseconds: 1_000_000 + milliseconds) }

    @discardableResult
    func step(_ input: Input) -> [String] {
        var effects = ContiguousArray<Effect>()
        core.step(input, at: Moment(instant: Instant(nanoseconds: milliseconds * 1_000_000), wall: now), into: &effects)
        let discrepancies = core.audit()
        #expect(discrepancies == [])
        return effects.map(text)
    }

    /// Records at these offsets for the subscriptions in these slots; `end` is where the reader stands afterwards. Poison ones
    /// are for all, unless slots are given.
    @discardableResult
    func records(
        _ offsets: [Int64], slots: [Int32]? = nil, poison: Bool = false, until end: Int64? = nil, bytes: Int = 100, keys: [UInt64] = [],
        endOfLog: Int64 = -1
    ) -> [String] {
        let batch = RecordBatch()
        batch.partition = orders
        let slots = slots ?? (poison ? [] : [0])
        for (i, offset) in offsets.enumerated() {
            batch.records.append(
                IncomingRecord(
                    offset: offset, token: RecordToken(bits: UInt(offset)), timestamp: now, bytes: bytes,
                    matches: slots.count, poison: poison, key: keys.isEmpty ? 0 : keys[i]))
            batch.matches += slots
        }
        batch.nextOffset = end ?? (offsets.last ?? -1) + 1
        batch.end = endOfLog
        return step(.records(batch))
    }

    /// What `readChunk` asked for.
    @discardableResult
    func chunk(_ offsets: [Int64], slots: [Int32] = [0], until end: Int64) -> [String] {
        let batch = RecordBatch()
        batch.partition = orders
        batch.isChunk = true
        batch.firstOffset = offsets.first ?? end
        for offset in offsets {
            batch.records.append(
                IncomingRecord(
                    offset: offset, token: RecordToken(bits: UInt(offset)), timestamp: now, bytes: 100, matches: slots.count, poison: false))
            batch.matches += slots
        }
        batch.nextOffset = end
        return step(.records(batch))
    }

    /// The log ends there, as was asked just now.
    @discardableResult
    func endsAt(_ offset: Int64) -> [String] {
        step(.endKnown(orders, offset: offset, asked: Moment(instant: Instant(nanoseconds: milliseconds * 1_000_000), wall: now)))
    }

    @discardableResult
    func ended(_ id: Int, _ status: Int, retryAfter: TimeSpan? = nil) -> [String] {
        step(.attemptEnded(
            DeliveryID(index: id), AttemptOutcome(status: status, message: "HTTP \(status)", retryAfter: retryAfter), duration: .milliseconds(10)))
    }

    @discardableResult
    func refused(_ id: Int) -> [String] {
        step(.attemptEnded(
            DeliveryID(index: id), AttemptOutcome(failure: .network, connectionRefused: true, message: "connection refused"),
            duration: .milliseconds(1)))
    }

    @discardableResult
    func lacksToken(_ id: Int) -> [String] {
        step(.attemptEnded(DeliveryID(index: id), .withheld(.tls, "no access token"), duration: .zero))
    }

    @discardableResult
    func loaded(_ subscription: Int, _ offset: Int64, _ metadata: String = "") -> [String] {
        step(.cursorLoaded(.subscription(SubscriptionID(index: subscription)), orders, .committed(offset: offset, metadata: metadata)))
    }

    @discardableResult
    func committed(_ subscription: Int, succeeded: Bool = true) -> [String] {
        step(.commitEnded(.subscription(SubscriptionID(index: subscription)), succeeded: succeeded, duration: .milliseconds(5)))
    }

    // MARK: As text

    private func name(_ id: SubscriptionID?) -> String { id.map { core.subscription($0).name } ?? "nobody" }

    private func name(_ group: CursorGroup) -> String {
        switch group {
        case .retryTopic: "retries"
        case .subscription(let id): name(id)
        }
    }

    private func name(_ partition: PartitionHandle) -> String { name(core.name(of: partition)) }
    private func name(_ partition: TopicPartitionName) -> String { "\(partition.topic)-\(partition.partition)" }

    private func text(_ effect: Effect) -> String {
        switch effect {
        case .loadCursors(let group, let handles): return "load \(name(group)) on \(handles.map(name).joined(separator: " "))"
        case .resolveStart(let group, let handle, let start): return "resolve \(name(group)) on \(name(handle)) \(start)"
        case .startReading(let handle, let offset): return "read \(name(handle)) from \(offset)"
        case .readChunk(let handle, let from, let until): return "read back \(name(handle)) \(from)..<\(until)"
        case .attempt(let id):
            let delivery = core.delivery(id)
            let items = (0..<delivery.count).map { i -> String in
                let item = core.item(i, of: delivery)
                return "\(name(item.partition))@\(item.offset)"
            }
            return "attempt #\(id.index) \(name(delivery.subscription)) \(items.joined(separator: " ")) try \(delivery.attempt)"
        case .cancel(let id): return "cancel #\(id.index)"
        case .divert(let id):
            let view = core.diversion(id)
            let target =
                switch view.target {
                case .retry(let partition, let due): "retry partition \(partition) in \(due - now)"
                case .deadLetter: "dead letters"
                }
            return "divert #\(id.index) \(name(view.subscription)) \(name(view.item.partition))@\(view.item.offset) to \(target): \(view.kind?.rawValue ?? "-")"
        case .commit(let group, let commits):
            let entries = commits.map { "\(name($0.partition))@\($0.offset)\($0.metadata.isEmpty ? "" : " " + $0.metadata)" }
            return "commit \(name(group)) \(entries.joined(separator: " "))"
        case .release(let token): return "release \(token.bits)"
        case .released(let handle): return "released \(name(handle))"
        case .report(let report):
            switch report {
            case .circuitOpened(let id, let reason): return "open \(name(id)): \(reason)"
            case .circuitClosed(let id): return "close \(name(id))"
            case .suspended(let id, let reason): return "suspend \(name(id)): \(reason)"
            case .deadLettered(let id, let kind, _, _): return "dead-lettered \(name(id)) \(kind.rawValue)"
            case .dropped(let id, let kind, _, _): return "dropped \(name(id)) \(kind.rawValue)"
            case .repeatDropped(let id, let partition, let offset): return "dropped \(name(id)) \(name(partition))@\(offset), a repeat"
            case .keyHeld(let id, let partition, let offset, let reason): return "held \(name(id)) \(name(partition))@\(offset): \(reason)"
            case .diversionFailed(let id, _, let reason): return "diversion failed \(name(id)): \(reason)"
            case .recordsLost(let id, let partition, let count): return "lost \(name(id)) \(name(partition)) \(count)"
            case .drainTimedOut(let partition, let inFlight): return "drain timed out \(name(partition)) \(inFlight)"
            case .cursorFull(let id, let partition): return "full \(name(id)) \(name(partition))"
            case .badMetadata(let id, let partition): return "bad metadata \(name(id)) \(name(partition))"
            case .setAside(let id, let handles): return "set aside \(name(id)) \(handles.map(name).joined(separator: " "))"
            case .cursorPlaced(let id, let partition, let offset): return "placed \(name(id)) \(name(partition))@\(offset)"
            }
        }
    }
}

func subscription(_ name: String, _ edit: (inout Subscription) -> Void = { _ in }) -> Subscription {
    var policy = Subscription(name: name, topic: "orders", endpoint: "https://example.com/\(name)")
    policy.retry.jitter = 0
    edit(&policy)
    return policy
}
