import EventModel

// The retry topic's records: addressed to one subscription each, read a little early, held until they are due.
extension DeliveryCore {
    mutating func takeInRetries(_ batch: RecordBatch, _ partition: PartitionState) {
        precondition(batch.retries.count == batch.records.count, "each retry record comes with its bookkeeping")
        guard let cursor = partition.cursors[0] else { preconditionFailure("a retry partition has one cursor") }
        for (i, record) in batch.records.enumerated() {
            guard record.offset >= partition.nextOffset, !cursor.wasSettled(record.offset) else {
                partition.nextOffset = max(partition.nextOffset, record.offset + 1)
                effects.append(.release(record.token))
                continue
            }
            partition.nextOffset = record.offset + 1
            cursor.take(record.offset)
            partition.retryBytes += record.bytes
            let retry = batch.retries[i]
            let item = Item(
                cursor: cursor, offset: record.offset, record: records.insert(record, arrived: now.instant),
                attempts: retry.attempts, retries: retry.retries, firstAttempt: retry.firstAttempt, created: retry.created,
                isReplay: retry.isReplay)
            guard !record.poison, let id = retry.subscription, !subscriptions[id.index].isRemoved else {
                let kind: FailureKind = record.poison ? .poison : .removed
                divertDead(item, nil, FailureDetails(kind: kind, message: "its subscription no longer exists"))
                continue
            }
            let state = subscriptions[id.index]
            if retry.due > now.wall {
                hold(item, state, until: retry.due, after: retry.due - now.wall)
            } else {
                retryIsDue(item, state)
            }
        }
        if batch.nextOffset > partition.nextOffset { partition.nextOffset = batch.nextOffset }
        updateHunger(cursor)
    }

    /// A subscription that cannot take it now must not hold others up in its lane: when what was read early fills half of
    /// its memory, a subscription with a queue of its own sends the record away until there is room, which is later than
    /// due. Until then the record waits here, and is sent as soon as there is room.
    mutating func retryIsDue(_ item: Item, _ state: SubscriptionState) {
        if abandoned(item) { return leaveToNextOwner(item) }
        if state.isRemoved { return divertDead(item, nil, FailureDetails(kind: .removed, message: "its subscription no longer exists")) }
        let partition = item.cursor.partition
        let isCrowded = item.cursor.unsettled.count > options.retriesInMemory / 2 || partition.retryBytes > bytesPerCursor / 2
        let hasRoom = !isCrowded || state.again.count < max(64, 2 * state.circuit.roomLimit)
        let isBlocked = state.blockedUntil > now.instant + options.longestDelayInMemory
        guard state.isRunning, state.circuit.state != .open, !isBlocked else { return takeNextLane(item, state) }
        guard hasRoom else { return comeAgain(item, state) }
        state.again.append(item)
        markReady(state)
    }
}
