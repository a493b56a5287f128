import DeliveryCore
import EventFormats
import EventModel
import KafkaClient

/// A shard without Kafka and without endpoints: the engine, fed from a list, with a clock that goes from event to event.
///
/// Whatever a shard would ask of others is answered at once, and well: requests by 200, records of the dead-letter topic and
/// commits by an acknowledgement.
final class DryRunShard {
    private let log: GivenLog
    private let outlet: Outlet
    private let route: TopicRoute
    private let journal: WindowJournal
    private let identities: SightingJournal
    private var core: DeliveryCore
    private var result: DryRun
    private var moment: Moment
    private let start: WallTime
    private var effects = ContiguousArray<Effect>()
    private var isPerforming = false
    private let batch = RecordBatch()
    private var view = RecordView.none
    private let slot = RequestSlot()
    private var traceIDs = TraceIDs(seed: 1)
    private let handles: [PartitionHandle]
    /// Events that have come, by handle.
    private var ends: [Int64]
    /// Partitions whose windows the clock cannot close before something else happens.
    private var refused: Set<PartitionHandle> = []
    /// When the clock closed windows.
    private var quietMoments: Set<WallTime> = []
    /// The event that came last.
    private var current = 0
    private var isAtEnd = false

    init(_ log: GivenLog, _ outlet: Outlet, _ manifest: TopicManifest, schemas: (any SchemaSource)?) {
        self.log = log
        self.outlet = outlet
        // The engine has one subscription, whatever others the topic has.
        route = TopicRoute(manifest, subscriptions: [(slot: 0, policy: outlet.policy)], errors: SubscriptionCounts(\.filterErrors), schemas: schemas)
        result = DryRun(outlet.policy)
        result.problem = outlet.problem
        start = log.entries.first?.arrival ?? WallTime(milliseconds: 0)
        moment = Moment(instant: Instant(nanoseconds: 0), wall: start)
        handles = log.partitions.indices.map { PartitionHandle(index: $0) }
        ends = log.partitions.map { log.firstOffset(of: $0) }
        var options = CoreOptions()
        options.commitInterval = .zero
        options.commitsPerSecond = 1e12
        options.coldCommitInterval = Self.farAway
        core = DeliveryCore(options: options)
        let windows = ShardWindows()
        windows.install([(policy: outlet.policy, decoder: route.decoder)])
        journal = WindowJournal(windows)
        core.contents = journal
        identities = SightingJournal([(policy: outlet.policy, decoder: route.decoder)])
        core.identities = identities
    }

    /// Beyond whatever happens to the events: nothing is due then but what an engine does now and then.
    private static let farAway = GivenLog.longest + GivenLog.longest

    /// - Parameter progress: is told how many events were looked at.
    func run(progress: (Int) -> Void = { _ in }) -> DryRun {
        var policy = outlet.policy
        policy.enabled = true
        // What is dropped is only counted; what is diverted has a name.
        policy.deadLetter.drop = false
        if policy.window?.late == .drop { policy.window?.late = .deadLetter }
        step(.subscriptions([policy]))
        step(.partitionCount(topic: policy.topic, handles.count))
        step(.assigned(log.partitions.map { TopicPartitionName(topic: policy.topic, partition: $0) }))
        for (index, entry) in log.entries.enumerated() {
            pass(until: entry.arrival)
            current = index
            come(entry.record)
            progress(index + 1)
            if result.suspension != nil { break }
        }
        isAtEnd = true
        pass(until: nil)
        step(.lost(handles))
        return result
    }

    // MARK: Time

    /// Lets time pass: timers come due, and partitions to which nothing comes are found to be at their end.
    ///
    /// - Parameter next: when the next event comes; nil after the last, until nothing is left to be done.
    private func pass(until next: WallTime?) {
        let last = next ?? start + Self.farAway
        while true {
            let idle = handles.compactMap { refused.contains($0) ? nil : core.idleEnd(of: $0) }.min()
            if let due = core.nextWakeup, wall(due) <= last, due.nanoseconds < Self.farAway.nanoseconds, idle.map({ wall(due) <= $0 }) ?? true {
                move(to: due)
                step(.tick)
            } else if let idle, idle < last {
                move(to: idle)
                askEnds()
            } else {
                break
            }
        }
        if let next { move(to: next) }
    }

    private func askEnds() {
        for handle in handles where core.idleEnd(of: handle).map({ $0 <= moment.wall }) ?? false {
            quietMoments.insert(moment.wall)
            step(.endKnown(handle, offset: ends[handle.index], asked: moment))
            if let still = core.idleEnd(of: handle), still <= moment.wall { refused.insert(handle) }
        }
    }

    private func move(to instant: Instant) {
        refused.removeAll()
        moment.instant = max(moment.instant, instant)
        moment.wall = wall(moment.instant)
    }

    private func move(to wall: WallTime) { move(to: Instant(nanoseconds: (wall - start).nanoseconds)) }

    private func wall(_ instant: Instant) -> WallTime { WallTime(milliseconds: start.milliseconds + instant.nanoseconds / 1_000_000) }

    // MARK: Events

    private func come(_ record: GivenRecord) {
        let handle = PartitionHandle(index: log.partitions.firstIndex(of: record.partition)!)
        ends[handle.index] = record.offset + 1
        // While the subscription has as much as it may it waits in the log.
        while !core.wantsRecords(handle, at: moment.instant), result.suspension == nil, let due = core.nextWakeup, due.nanoseconds < Self.farAway.nanoseconds {
            move(to: due)
            step(.tick)
        }
        batch.removeAll()
        batch.isChunk = false
        append(record)
        if batch.records[0].matches == 0, !batch.records[0].poison { result.leftOut += 1 }
        read(handle, until: record.offset + 1)
    }

    private func read(_ handle: PartitionHandle, until end: Int64) {
        batch.partition = handle
        batch.nextOffset = end
        step(.records(batch))
    }

    private func append(_ given: GivenRecord) {
        let record = given.made()
        view.show(record, topic: route.topic)
        var incoming = IncomingRecord(record)
        incoming.match(view, route, into: &batch.matches)
        batch.records.append(incoming)
    }

    private func readBack(_ handle: PartitionHandle, _ offsets: Range<Int64>) {
        batch.removeAll()
        batch.isChunk = true
        batch.firstOffset = offsets.lowerBound
        var bytes = 0
        var next = offsets.lowerBound
        while next < offsets.upperBound, bytes < CoreOptions().chunkBytes {
            append(log.entries[log.index(partition: log.partitions[handle.index], offset: next)].record)
            bytes += batch.records.last!.bytes
            next += 1
        }
        read(handle, until: next)
    }

    // MARK: Effects

    private func step(_ input: Input) {
        core.step(input, at: moment, into: &effects)
        guard !isPerforming else { return }
        isPerforming = true
        var next = 0
        while next < effects.count {
            perform(effects[next])
            next += 1
        }
        effects.removeAll(keepingCapacity: true)
        isPerforming = false
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .loadCursors(let group, let handles):
            for handle in handles {
                let first = log.firstOffset(of: log.partitions[handle.index])
                step(.cursorLoaded(group, handle, .committed(offset: first, metadata: "")))
            }
        case .readChunk(let handle, let from, let until): readBack(handle, from..<until)
        case .attempt(let id): attempt(id)
        case .divert(let id): divert(id)
        case .commit(let group, _): step(.commitEnded(group, succeeded: true, duration: .zero))
        case .release(let token):
            journal.forget(token)
            KafkaRecord(bits: token.bits).destroy()
        case .report(.repeatDropped(_, let name, let offset)):
            let index = log.index(partition: name.partition, offset: offset)
            let before = identities.before.map { log.index(partition: $0.partition, offset: $0.offset) } ?? index
            result.repeats.append(DryRun.Repeat(event: index, of: before))
        case .report(.suspended(_, let reason)): result.suspension = DryRun.Refused(event: current, reason: reason)
        case .resolveStart, .startReading, .cancel, .released, .report: break
        }
    }

    private func attempt(_ id: DeliveryID) {
        let delivery = core.delivery(id)
        slot.headers.removeAll()
        slot.body.removeAll()
        do throws(PoisonReason) {
            let body = try write(delivery)
            let parts = (0..<delivery.count).map { part(core.item($0, of: delivery)) }
            let webhookID = slot.fields.first { $0.name == "webhook-id" }!.value
            result.requests.append(DryRun.Request(at: moment.wall, id: webhookID, bytes: body.count, parts: parts))
            step(.attemptEnded(id, AttemptOutcome(status: 200), duration: .zero))
        } catch {
            step(.attemptEnded(id, AttemptOutcome(failure: .poison, message: error.message), duration: .zero))
        }
    }

    private func write(_ delivery: Delivery) throws(PoisonReason) -> UnsafeRawBufferPointer {
        guard outlet.policy.batch != nil else {
            show(core.item(0, of: delivery))
            return try outlet.writer.writeEvent(view, attempt: delivery.attempt, at: moment.wall, &traceIDs, into: slot)
        }
        var batch = RequestWriter.Batch(outlet.writer, into: slot)
        for i in 0..<delivery.count {
            show(core.item(i, of: delivery))
            try batch.append(view)
        }
        return batch.finish(attempt: delivery.attempt, at: moment.wall)
    }

    private func show(_ item: ItemView) { view.show(KafkaRecord(bits: item.token.bits), topic: route.topic) }

    private func part(_ item: ItemView) -> DryRun.Request.Part {
        guard let made = journal.made[item.token] else {
            let index = log.index(partition: log.partitions[item.partition.index], offset: item.offset)
            if outlet.policy.window != nil { result.late.append(index) }
            return .event(index)
        }
        let isClosedByClock = quietMoments.contains(item.created)
        result.windows.append(DryRun.Window(
            start: made.bounds.start, end: made.bounds.end, partition: made.partition,
            events: made.events.map { (index: log.index(partition: made.partition, offset: $0.offset), time: $0.time) },
            completed: item.created, isClosedByClock: isClosedByClock,
            isOpenAtEnd: isAtEnd && isClosedByClock && item.created >= log.entries.last!.arrival,
            completedBy: isClosedByClock || item.created != moment.wall ? nil : current,
            event: GivenRecord(
                key: made.key, value: made.value, headers: [(name: "content-type", value: ShardWindows.contentType)], timestamp: item.created,
                partition: made.partition, offset: made.bounds.offsets.lowerBound)))
        return .window(result.windows.count - 1)
    }

    private func divert(_ id: DiversionID) {
        let diversion = core.diversion(id)
        let index = log.index(partition: log.partitions[diversion.item.partition.index], offset: diversion.item.offset)
        if diversion.kind == .windowLate {
            result.late.append(index)
        } else {
            show(diversion.item)
            result.poison.append(DryRun.Refused(event: index, reason: diversion.message.isEmpty ? route.poisonReason(view) : diversion.message))
        }
        step(.diverted(id))
    }
}
