import DeliveryCore
import EventModel

// After the faults have stopped, every lag reaches zero.
extension Simulation {
    /// Nothing is to be expected of it: its endpoint said stop, or its manifest.
    func isHalted(_ subscription: Int) -> Bool { suspended.contains(subscription) || !policies[subscription].enabled }

    /// The first cursor that is not at the end of its log, in words.
    func firstLag() -> String? {
        for (index, policy) in scenario.subscriptions.enumerated() where !isHalted(index) {
            let topic = topicIndex(policy.topic)
            for partition in broker.logs[topic].indices {
                let key = CursorKey(subscription: index, topic: topic, partition: Int32(partition))
                if let lag = lag(key) { return "\(policy.name) on \(policy.topic)-\(partition) \(lag)" }
            }
        }
        for partition in broker.logs[broker.logs.count - 1].indices {
            if let lag = lag(CursorKey(subscription: nil, topic: -1, partition: Int32(partition))) { return "the retry topic's \(partition) \(lag)" }
        }
        return nil
    }

    /// What the engines say about subscriptions that are not done, for whoever looks into it.
    func states() -> String {
        var text = ""
        for replica in replicas where replica.isUp {
            for shown in replica.core.snapshot().subscriptions where shown.lags.contains(where: { $0.records > 0 }) {
                text += "\n  replica \(replica.index): \(shown.name) circuit \(shown.circuit) (\(shown.reason)), suspended \(shown.suspended), "
                text += "in flight \(shown.inFlight) of \(shown.concurrency), waiting \(shown.waiting), lags "
                text += shown.lags.map { "\($0.partition): \($0.offset) + \($0.records)\($0.lagging ? " lagging" : "")" }.joined(separator: ", ")
            }
        }
        return text
    }

    private func isExcused(_ record: SimulatedRecord, _ key: CursorKey) -> Bool {
        isHalted(subscriptionIndex[record.retry!.subscription]!) || ledger.hasOutcome(Carrier(cursor: key, offset: record.offset))
    }

    private func lag(_ key: CursorKey) -> String? {
        let log = broker.log(key.topic, key.partition)
        let offset = broker.committed[key]?.offset
        // A gap at the end may be unseen.
        let first = log.index(of: offset ?? 0)
        if let subscription = key.subscription, let record = firstUnsaid(key, subscription) { return "says nothing of \(record.offset), which is deleted" }
        if offset != nil, first == log.records.count { return nil }
        // A process that has ended had the last word, and its successor believes its own: a restart would see to it.
        if let subscription = key.subscription, lateCommits.contains(key),
            log.records[first...].allSatisfy({ mayPass(subscription, $0) || isDropped($0, subscription) || ledger.hasOutcome(Carrier(cursor: key, offset: $0.offset)) })
        {
            return nil
        }
        // Retry records of a subscription whose endpoint said stop ride the lanes until they are too old.
        if key.subscription == nil, offset != nil, log.records[first...].allSatisfy({ isExcused($0, key) }) { return nil }
        let next = first < log.records.count ? log.records[first] : nil
        let retry = next?.retry.map { ", next is of \($0.subscription) after \($0.attempts) attempts and \($0.retries) retries, due \($0.due - moment.wall) from now" }
        return "is at \(offset.map { "\($0)" } ?? "no offset") of \(log.end)\(retry ?? "")"
    }
}
