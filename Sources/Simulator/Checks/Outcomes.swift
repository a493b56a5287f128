import EventModel

/// > **Nothing is lost.** At the end every event has reached the endpoint, or stands in the dead letters, or was dropped as
/// > the policy asks, or did not match; or Kafka deleted it, which was said, or an operator passed over it.
extension Simulation {
    /// Kafka deletes a record: who has not had it yet must hear of that.
    func noteDeleted(_ record: SimulatedRecord, _ topic: Int, _ partition: Int) {
        for (index, policy) in scenario.subscriptions.enumerated() where topicIndex(policy.topic) == topic {
            let key = CursorKey(subscription: index, topic: topic, partition: Int32(partition))
            if !ledger.hasOutcome(Carrier(cursor: key, offset: record.offset)) { ledger.deleted[key, default: []].append(record) }
        }
    }

    /// A record that Kafka deleted before it had an outcome, and that nobody reported as lost. Who has it in memory may
    /// still deliver it.
    func firstUnsaid(_ key: CursorKey, _ subscription: Int) -> SimulatedRecord? {
        guard let deleted = ledger.deleted[key], let start = ledger.starts[key] else { return nil }
        return deleted.first { record in
            guard record.offset >= start, !mayPass(subscription, record), !isDropped(record, subscription) else { return false }
            let pair = Pair(subscription: subscription, event: record.event)
            if ledger.repeats.contains(pair) { return false }
            let fate = ledger.fates[pair] ?? Ledger.Fate()
            return fate.accepted + fate.deadLetters == 0 && !(ledger.lost[key] ?? []).contains { $0.contains(record.offset) }
        }
    }

    func checkFates() {
        for (index, policy) in scenario.subscriptions.enumerated() where !isHalted(index) {
            let topic = topicIndex(policy.topic)
            for partition in broker.logs[topic].indices {
                let key = CursorKey(subscription: index, topic: topic, partition: Int32(partition))
                guard let start = ledger.starts[key] else {
                    violation(.outcome, "the cursor \(key) was never committed")
                    continue
                }
                if let record = firstUnsaid(key, index) {
                    return violation(.reports, "\(record.event) was deleted before it reached \(policy.name), and nobody said so")
                }
                for record in broker.log(topic, Int32(partition)).records where record.offset >= start {
                    if mayPass(index, record) { continue }
                    let fate = ledger.fates[Pair(subscription: index, event: record.event)] ?? Ledger.Fate()
                    if fate.accepted + fate.deadLetters == 0, !isDropped(record, index),
                        !ledger.repeats.contains(Pair(subscription: index, event: record.event))
                    {
                        return violation(.outcome, "\(record.event) never reached \(policy.name)")
                    }
                }
            }
        }
    }
}
