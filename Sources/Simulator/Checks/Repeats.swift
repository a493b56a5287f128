import DeliveryCore
import EventModel

/// > **Nothing is lost**, but for a drop that the user's policy asks for: with `deduplicate`, of an event that came before on its
/// > partition, within the window.
///
/// Nothing else is dropped, and no such event is sent, whatever crashes come between the two.
extension Simulation {
    /// The engine says that it drops a repeat: settled by that.
    func heardOfRepeat(_ id: SubscriptionID, _ partition: TopicPartitionName, _ offset: Int64, _ replica: Replica) {
        replica.account.outlets[id.index].counters.repeats += 1
        let key = cursorKey(.subscription(id), partition, replica)
        let subscription = key.subscription!
        guard let record = produced(key, at: offset) else { return violation(.effects, "a record is dropped that never was") }
        let policy = replica.account.outlets[id.index].policy
        guard let window = policy.deduplicate?.window, !record.isPoison, sightings(of: record, key).contains(where: {
            record.timestamp - $0.timestamp <= window && mayMatch(subscription, $0) && !$0.isPoison
        }) else { return violation(.settlement, "\(record.event) is dropped as a repeat for \(policy.name), and is none") }
        ledger.repeats.insert(Pair(subscription: subscription, event: record.event))
        let handle = replica.handles[partition]
        let isKnown = handle.map { isOwner(replica, $0, id) } ?? false
        ledger.settled(Carrier(cursor: key, offset: offset), isKnownToOwner: isKnown)
        if isKnown { noteDirty(.subscription(id), replica) }
    }

    /// A record is sent for the first time.
    func judgeNovelty(_ record: SimulatedRecord, _ carrier: Carrier, _ policy: Subscription) {
        guard let deduplicate = policy.deduplicate, record.identity != 0, carrier.cursor.topic >= 0, areClocksRight else { return }
        let subscription = carrier.cursor.subscription!
        // What matched once and does not any more may have stood for what was before it.
        if filtersInForce[subscription].contains(where: { $0 != filtersInForce[subscription][0] }) { return }
        let log = broker.log(carrier.cursor.topic, carrier.cursor.partition)
        // Where an operator sent it, it begins anew; and what Kafka deleted it cannot look for after a crash.
        let start = max(log.start, ledger.memoryStarts[carrier.cursor] ?? 0)
        let known = sightings(of: record, carrier.cursor).last {
            $0.offset >= start && !$0.isPoison && !mayPass(subscription, $0) && record.timestamp - $0.timestamp <= deduplicate.window
        }
        guard let known, log.record(at: known.offset) != nil, distinctEvents(between: known, and: record, carrier.cursor) < deduplicate.maxKeys else { return }
        violation(.duplicates, "\(record.event) was sent to \(policy.name), and is the same as \(known.event) before it")
    }

    /// The policy changes: nobody has to know what was there before.
    func beginMemories(of subscription: Int) {
        let topic = topicIndex(scenario.subscriptions[subscription].topic)
        for partition in broker.logs[topic].indices {
            let key = CursorKey(subscription: subscription, topic: topic, partition: Int32(partition))
            ledger.memoryStarts[key] = max(broker.logs[topic][partition].end, ledger.memoryStarts[key] ?? 0)
        }
    }

    /// What was forgotten for the clock's sake depends on the clock.
    private var areClocksRight: Bool {
        scenario.clockOffsets.isEmpty && scenario.clockDrifts.isEmpty && !scenario.events.contains { if case .clock = $0.what { true } else { false } }
    }

    private func produced(_ key: CursorKey, at offset: Int64) -> SimulatedRecord? {
        history[key.topic][Int(key.partition)].first { $0.offset == offset }
    }

    /// The same event, before.
    private func sightings(of record: SimulatedRecord, _ key: CursorKey) -> [SimulatedRecord] {
        history[key.topic][Int(key.partition)].filter { $0.identity == record.identity && $0.identity != 0 && $0.offset < record.offset }
    }

    private func distinctEvents(between first: SimulatedRecord, and last: SimulatedRecord, _ key: CursorKey) -> Int {
        Set(history[key.topic][Int(key.partition)].lazy.filter { first.offset <= $0.offset && $0.offset < last.offset }.map(\.identity)).count
    }
}
