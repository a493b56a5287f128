import DeliveryCore
import EventModel

/// > **Nothing is lost.** An (event, subscription) pair is *settled* only by: a 2xx answer; a filter that did not match; a
/// > record acknowledged in the retry topic or the dead-letter topic; or a drop that the user's policy asks for.
///
/// Whatever a commit says is settled has an outcome that its engine was told of, or needs none.
extension Simulation {
    func judgeSettlement(_ key: CursorKey, _ from: Int64, _ until: Int64) {
        let log = broker.log(key.topic, key.partition)
        if until > log.end { violation(.cursor, "a commit of \(key) at \(until), beyond the end of the log at \(log.end)") }
        var i = log.index(of: from)
        while i < log.records.count, log.records[i].offset < until {
            let record = log.records[i]
            i += 1
            if isSettled(record, key) { continue }
            return violation(.settlement, "offset \(record.offset) of \(key) is settled without an outcome")
        }
    }

    private func isSettled(_ record: SimulatedRecord, _ key: CursorKey) -> Bool {
        if ledger.hasOutcome(Carrier(cursor: key, offset: record.offset)) { return true }
        let subscription = key.subscription ?? subscriptionIndex[record.retry!.subscription]!
        if key.subscription != nil, mayPass(subscription, record) { return true }
        return isDropped(record, subscription)
    }

    /// A drop is not visible one by one: an event may be dropped that is no event, that failed for good, or that is too old.
    func isDropped(_ record: SimulatedRecord, _ subscription: Int) -> Bool {
        guard mayDrop[subscription] else { return false }
        if record.isPoison || ledger.mayDrop.contains(Pair(subscription: subscription, event: record.event)) { return true }
        let created = record.retry?.created ?? record.timestamp
        return latestWall - created >= leastGiveUpAfter[subscription]
    }
}
