import DeliveryCore
import EventModel

// Memory is bounded: the budget, and what was being read when it ran out.
extension Simulation {
    func checkMemory(_ replica: Replica) {
        let largest = scenario.topics.map(\.bytes.upperBound).max() ?? 0
        // A broker answers with one record at least, also where that is larger than what was asked for.
        let surprises = max(0, largest - replica.options.chunkBytes) * replica.account.phases.values.count { $0 == .reading }
        let bound = replica.options.recordMemory + max(scenario.fetchBytes, largest) + max(replica.options.chunkBytes, largest) + surprises
        mostMemory = max(mostMemory, replica.tokens.bytes)
        if replica.tokens.bytes > bound { violation(.memory, "\(replica.tokens.bytes) bytes of records are held; the bound is \(bound)") }
    }

    /// What waits for endpoints that fail takes no more than its share: one for what is held for a time of its own, one for
    /// what waits for the end of the outage.
    func checkWaiting(_ replica: Replica) {
        // With every subscription that comes the shares of the others shrink.
        guard replica.account.outlets.allSatisfy({ !$0.isRemoved }) else { return }
        let share = replica.options.recordMemory / 4 / max(1, replica.account.outlets.count)
        var waiting: [SubscriptionID: Int] = [:]
        for (item, tries) in replica.account.tries where tries.failure != nil && !tries.isUnderWay && tries.diversion == nil {
            guard let id = item.subscription, replica.account.phases[item.handle] == .reading, !replica.account.isMoving(item) else { continue }
            waiting[id, default: 0] += tries.bytes
        }
        let largest = scenario.topics.map(\.bytes.upperBound).max() ?? 0
        for (id, bytes) in waiting where bytes > 2 * share {
            let outlet = replica.account.outlets[id.index]
            // What others wait for stays in its place: a share of each cursor, and one event at least.
            let ofCursors = replica.options.recordMemory / 4 + largest * replica.account.phases.values.count { $0 == .reading }
            if outlet.policy.delivery.ordering != .none, bytes <= 2 * share + ofCursors { continue }
            if outlet.isSaidToFail { violation(.memory, "\(bytes) bytes wait for \(outlet.policy.name), which fails; its share is \(share)") }
        }
    }

    /// Rings are trimmed whenever something is added to them.
    func checkRings(_ replica: Replica) {
        let largest = scenario.topics.map(\.bytes.upperBound).max() ?? 0
        for partition in replica.core.snapshot().partitions where partition.ringBytes > replica.options.ringBytes + largest {
            violation(.memory, "the ring of \(partition.topic)-\(partition.partition) holds \(partition.ringBytes) bytes; it may hold \(replica.options.ringBytes)")
        }
    }

    /// An engine that has nothing left to do holds no record that it has not in its rings.
    func checkTokens(_ replica: Replica) {
        let snapshot = replica.core.snapshot()
        let bytes = snapshot.recordBytes
        let inRings = snapshot.partitions.reduce(0) { $0 + $1.ringBytes }
        // A retry record whose event has its outcome already, from an owner that could not commit it, may wait for its due time
        // by another clock.
        let isIdle = replica.attempts.isEmpty && replica.diversions.isEmpty && snapshot.retriesWaiting == 0
        if suspended.isEmpty, isIdle, bytes != inRings {
            violation(.records, "\(bytes) bytes of records are held; only \(inRings) of them are in rings, and nothing waits")
        }
        if bytes != replica.tokens.bytes { violation(.records, "the engine knows of \(bytes) bytes of records; it was lent \(replica.tokens.bytes)") }
    }
}
