import DeliveryCore
import EventModel

/// > With `ordering: key` the first successful deliveries of one key to one subscription happen in offset order, also across
/// > failures, restarts and rebalances, and other keys go on meanwhile.
///
/// Those that have another outcome, a dead letter or a drop the manifest asks for, have it before the next is delivered.
extension Simulation {
    /// What a record's event is in line for, on its partition; nil: it waits for none.
    func line(of record: SimulatedRecord, _ policy: Subscription) -> UInt64? {
        switch policy.delivery.ordering {
        case .none: nil
        case .key: record.key == 0 ? nil : record.key
        case .partition: 0
        }
    }

    /// An endpoint has accepted an event for the first time.
    ///
    /// - Parameter named: those that it did not accept of the same batch, and named. That it took the others all the same is its own
    ///   word; what comes later waits for those.
    func judgeOrder(of event: EventKey, _ subscription: Int, _ named: Set<EventKey>) {
        let policy = policies[subscription]
        guard policy.delivery.ordering != .none, !isMovedForward(subscription) else { return }
        let log = broker.log(event.topic, event.partition)
        let key = CursorKey(subscription: subscription, topic: event.topic, partition: event.partition)
        let end = log.index(of: event.offset)
        guard end < log.records.count, log.records[end].offset == event.offset, let start = ledger.starts[key] else { return }
        guard let line = line(of: log.records[end], policy) else { return }
        for record in log.records[..<end] where record.offset >= start && self.line(of: record, policy) == line && !mayPass(subscription, record) {
            let pair = Pair(subscription: subscription, event: record.event)
            if named.contains(record.event) || ledger.repeats.contains(pair) { continue }
            let fate = ledger.fates[pair] ?? Ledger.Fate()
            if fate.accepted + fate.deadLetters == 0, !isDropped(record, subscription), !record.isPoison {
                return violation(.order, "\(event) reached \(policy.name) before \(record.event), which stands before it in line \(line)")
            }
        }
    }

    /// By an operator, over events that will have no outcome.
    private func isMovedForward(_ subscription: Int) -> Bool {
        scenario.events.contains {
            switch $0.what {
            case .seek(subscription, _): true
            case .pause(subscription, _, let reset): reset != nil
            default: false
            }
        }
    }

    /// A request goes out: no other of the same engine holds an event of the same line.
    func judgeLines(_ items: [Account.Item], of id: DeliveryID, _ replica: Replica) {
        for item in items {
            guard let line = replica.account.tries[item]?.line else { continue }
            for (index, attempt) in replica.attempts where index != id.index {
                for other in attempt.items where other.subscription == item.subscription && other.handle == item.handle {
                    if replica.account.tries[other]?.line == line {
                        violation(.order, "\(item.offset) and \(other.offset) of line \(line) are sent at once")
                    }
                }
            }
        }
        for (i, item) in items.enumerated() {
            guard let line = replica.account.tries[item]?.line else { continue }
            let before = items[..<i].filter { $0.handle == item.handle && replica.account.tries[$0]?.line == line }
            if before.contains(where: { $0.offset > item.offset }) { violation(.order, "a batch has \(item.offset) of line \(line) out of its order") }
        }
    }
}
