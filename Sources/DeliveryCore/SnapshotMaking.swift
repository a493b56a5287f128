import DequeModule
import EventModel

extension DeliveryCore {
    /// Copies out what the engine shows of itself. Costs one pass over subscriptions and partitions.
    public func snapshot() -> CoreSnapshot {
        var snapshot = CoreSnapshot()
        var heldRetries: [ObjectIdentifier: Int] = [:]
        for case let entry? in held where !entry.isForgotten && entry.item.isRetryRecord {
            heldRetries[ObjectIdentifier(entry.item.cursor.partition), default: 0] += 1
        }
        snapshot.subscriptions.reserveCapacity(subscriptions.count)
        for state in subscriptions where !state.isRemoved { snapshot.subscriptions.append(self.snapshot(of: state)) }
        for partition in partitions where partition.phase != .gone {
            var shown = PartitionSnapshot(
                topic: partition.name.topic, partition: partition.name.partition, position: partition.nextOffset,
                end: partition.end, ringBytes: partition.ring.bytes, draining: partition.phase == .draining)
            shown.waiting = heldRetries[ObjectIdentifier(partition)] ?? 0
            snapshot.partitions.append(shown)
        }
        snapshot.recordsConsumed = recordsConsumed
        snapshot.recordBytes = records.bytes
        snapshot.retriesLost = retriesLost
        snapshot.rebalances = rebalances
        snapshot.commits = commits
        snapshot.commitFailures = commitFailures
        snapshot.commitDuration = commitDuration
        snapshot.retriesWaiting = heldRetries.values.reduce(0, +)
        return snapshot
    }

    private func snapshot(of state: SubscriptionState) -> SubscriptionSnapshot {
        var shown = SubscriptionSnapshot(name: state.policy.name, topic: state.policy.topic)
        shown.owner = state.policy.owner
        shown.enabled = state.policy.enabled
        shown.paused = state.isPaused
        shown.suspended = state.suspension != nil
        shown.reason = state.suspension ?? state.circuit.reason
        switch state.circuit.state {
        case .closed: shown.circuit = .closed
        case .probing: shown.circuit = .probing
        case .open:
            shown.circuit = .open
            shown.nextProbe = state.circuit.nextProbe
        }
        shown.inFlight = state.inFlight
        shown.concurrency = state.circuit.roomLimit
        shown.waiting = state.held + state.stalled.count
        shown.inLine = state.cursors.reduce(0) { $0 + ($1.order?.inLine ?? 0) }
        shown.remembered = state.cursors.reduce(0) { $0 + ($1.memory?.count ?? 0) }
        shown.openWindows = state.openWindows
        shown.watermark = state.cursors.lazy.compactMap { $0.windows?.clock.time }.min()
        shown.counters = state.counters
        // What waits in queues may be left to Kafka and counted again, and a counter must not fall.
        shown.counters.routed -= UInt64(state.pendingCount)
        for cursor in state.cursors where cursor.isLoaded {
            let partition = cursor.partition
            let base = cursor.base
            let end = max(partition.end, partition.nextOffset)
            var oldest = cursor.pending.first.map { records[$0.record].timestamp } ?? waitsSince(cursor)
            for item in state.stalled where item.cursor === cursor && item.offset == base { oldest = item.created }
            var lag = PartitionLag(
                partition: partition.name.partition, offset: base, records: max(0, end - base), oldest: oldest, lagging: !cursor.isAttached)
            if let windows = cursor.windows, windows.unsettledCount == windows.openCount, cursor.pending.isEmpty {
                lag.inWindows = cursor.position - base
            }
            shown.lags.append(lag)
        }
        return shown
    }
}
