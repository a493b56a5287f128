// Duplicates are few: an event has one outcome, and one more only for each fault that made its repetition unavoidable.
extension Ledger {
    mutating func delivered(_ pair: Pair, _ simulation: Simulation) {
        fates[pair, default: Fate()].accepted += 1
        check(pair, simulation)
    }

    mutating func deadLettered(_ pair: Pair, _ simulation: Simulation) {
        fates[pair, default: Fate()].deadLetters += 1
        check(pair, simulation)
    }

    private func check(_ pair: Pair, _ simulation: Simulation) {
        let fate = fates[pair]!
        if fate.accepted + fate.deadLetters > 1 + fate.excuses {
            simulation.violation(
                .duplicates, "\(pair) came \(fate.accepted) times and was dead-lettered \(fate.deadLetters) times, with \(fate.excuses) excuses")
        }
    }
}

extension Simulation {
    /// The owner of these seats vanishes without a last commit: what it had in flight, and what it had settled since
    /// the commits that arrived, may come again.
    func excuseRepetitions(of seats: [Coordinator.Seat], heldBy replica: Replica) {
        func isOurs(_ carrier: Carrier) -> Bool {
            seats.contains { $0.topic == carrier.cursor.topic && $0.partition == carrier.cursor.partition }
        }
        for attempt in replica.attempts.values {
            for (carrier, event) in zip(attempt.carriers, attempt.events) where isOurs(carrier) {
                ledger.excuse(Pair(subscription: attempt.subscription, event: event))
            }
        }
        for diversion in replica.diversions.values where isOurs(diversion.carrier) { ledger.excuse(diversion.pair) }
        for seat in seats {
            for subscription in seat.topic < 0 ? [nil] : scenario.subscriptions.indices.map({ Optional($0) }) {
                let key = CursorKey(subscription: subscription, topic: seat.topic, partition: seat.partition)
                for offset in ledger.takeUncommitted(key, broker.committed[key]) { excuse(offset, key) }
            }
        }
    }

    /// A replica hears that the subscription is taken away, with requests in flight: they end without effect on its cursor,
    /// and when it comes back that is repeated.
    func excuseRepetitions(of subscription: Int, heldBy replica: Replica) {
        for attempt in replica.attempts.values where attempt.subscription == subscription {
            for event in attempt.events { ledger.excuse(Pair(subscription: subscription, event: event)) }
        }
        for diversion in replica.diversions.values where diversion.carrier.cursor.subscription == subscription { ledger.excuse(diversion.pair) }
        for seat in coordinator.seats where seat.topic >= 0 && seat.owner == replica.index {
            let key = CursorKey(subscription: subscription, topic: seat.topic, partition: seat.partition)
            for offset in ledger.takeUncommitted(key, broker.committed[key]) { excuse(offset, key) }
        }
    }

    func excuse(_ offset: Int64, _ key: CursorKey) {
        // What was deleted meanwhile will not come again.
        if let record = broker.log(key.topic, key.partition).record(at: offset) { excuse(record, key) }
    }

    func excuse(_ record: SimulatedRecord, _ key: CursorKey) {
        ledger.excuse(Pair(subscription: key.subscription ?? subscriptionIndex[record.retry!.subscription]!, event: record.event))
    }
}
