import DeliveryCore
import EventModel

// Nothing is lost: what a cursor says is settled has an outcome, and cursors never go back.
extension Simulation {
    /// A commit has reached the broker.
    func committed(_ key: CursorKey, _ commit: CursorCommit) {
        let previous = broker.committed[key]
        let ranges = CursorMetadata.decode(base: commit.offset, commit.metadata)
        guard let ranges else { return violation(.cursor, "a commit's metadata cannot be read: \(commit.metadata)") }
        if commit.metadata.utf8.count > scenario.core.metadataLimit { violation(.cursor, "a commit's metadata is too long") }
        if previous == nil {
            guard let start = ledger.resolvedStart[key] else { return violation(.cursor, "a cursor was committed that was never resolved") }
            ledger.starts[key] = start
        }
        let from = previous?.offset ?? ledger.starts[key]!
        if commit.offset < from { violation(.cursor, "the cursor \(key) went back from \(from) to \(commit.offset)") }
        check(key, from, commit.offset)
        for range in ranges { check(key, range.lowerBound, range.upperBound) }
        broker.committed[key] = Broker.Committed(offset: commit.offset, metadata: commit.metadata)
        ledger.committed(key, upTo: commit.offset)
    }

    private func check(_ key: CursorKey, _ from: Int64, _ until: Int64) {
        let log = broker.log(key.topic, key.partition)
        if until > log.end { violation(.cursor, "a commit beyond the end of the log") }
        var i = log.index(of: from)
        while i < log.records.count, log.records[i].offset < until {
            let record = log.records[i]
            i += 1
            if let subscription = key.subscription {
                let policy = scenario.subscriptions[subscription]
                if policy.deadLetter.drop { continue }
                if !record.poison, !matches(policy.filters, type: record.type) { continue }
            }
            if let retry = record.retry, scenario.subscriptions[subscriptionIndex[retry.subscription]!].deadLetter.drop { continue }
            if !ledger.hasOutcome(Carrier(cursor: key, offset: record.offset)) {
                return violation(.settlement, "offset \(record.offset) of \(key) is settled without an outcome")
            }
        }
    }

    /// At the end every event has its fate.
    func checkFates() {
        for (index, policy) in scenario.subscriptions.enumerated() where !policy.deadLetter.drop && !isSuspended(index) {
            let topic = topicIndex(policy.topic)
            for partition in 0..<scenario.topics[topic].partitions {
                let key = CursorKey(subscription: index, topic: topic, partition: Int32(partition))
                guard let start = ledger.starts[key] else {
                    violation(.outcome, "the cursor \(key) was never committed")
                    continue
                }
                for record in broker.log(topic, Int32(partition)).records where record.offset >= start {
                    guard record.poison || matches(policy.filters, type: record.type) else { continue }
                    let fate = ledger.fates[Pair(subscription: index, event: record.event)] ?? Ledger.Fate()
                    if fate.accepted + fate.deadLetters == 0 { return violation(.outcome, "\(record.event) never reached \(policy.name)") }
                }
            }
        }
    }
}
