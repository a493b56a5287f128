import EventModel

// The retry topic's records: addressed to one subscription each, read a little early, held until they are due.
extension DeliveryCore {
    mutating func takeInRetries(_ batch: RecordBatch, _ partition: PartitionState) {
        precondition(batch.retries.count == batch.records.count, "each retry record comes with its bookkeeping")
        guard let cursor = partition.cursors[0] else { preconditionFailure("a retry partition has one cursor") }
        markLane(partition)
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
            guard let id = retry.subscription, !subscriptions[id.index].isRemoved else {
                divertOrphan(item)
                continue
            }
            let state = subscriptions[id.index]
            if retry.due > now.wall { retryIsEarly(item, state, due: retry.due) } else { retryIsDue(item, state) }
        }
        if batch.nextOffset > partition.nextOffset { partition.nextOffset = batch.nextOffset }
        updateHunger(cursor)
    }

    /// Read before its time: it waits here. Many that have long to wait must not keep those behind them from being read, some of
    /// which may be due sooner: once half of what may wait is taken, each goes to the lane of what is left of its delay.
    ///
    /// Not before it is as old as its lane's delay, as what was written after it is not due until then. So a record is
    /// written again a few times at most, as its delay is used up lane by lane, and only where many wait; and whatever is
    /// before a record has gone out of its way when it comes due.
    mutating func retryIsEarly(_ item: Item, _ state: SubscriptionState, due: WallTime) {
        let delay = due - now.wall
        guard isCrowded(item.cursor), delay >= lanes.delays[0] else { return hold(item, state, until: due, after: delay, isEarly: true) }
        let rest = timeInLane(item)
        if rest > .zero {
            hold(item, state, until: due, after: min(delay, rest), isEarly: true)
        } else {
            divertRetry(item, state, delay: delay, FailureDetails())
        }
    }

    /// For how long a record has yet to stay in its lane.
    private func timeInLane(_ item: Item) -> TimeSpan {
        let partition = item.cursor.partition
        guard let lane = partition.lane else { preconditionFailure("a retry record is in a lane") }
        var age = max(.zero, now.wall - records[item.record].timestamp)
        // Clocks may differ; what was not there yet cannot be older than that. Else a record might be written again as soon
        // as it is read, in circles.
        if let mark = partition.laneMark, item.offset >= mark.end { age = min(age, now.instant - mark.at) }
        return lanes.delays[lane] - age
    }

    /// Remembers where the lane ended, for as long as its delay.
    private func markLane(_ partition: PartitionState) {
        guard partition.end >= 0, let lane = partition.lane else { return }
        if let mark = partition.laneMark, now.instant - mark.at < lanes.delays[lane] { return }
        partition.laneMark = (partition.end, now.instant)
    }

    /// Whether more than half of the retry records are there that may wait in memory.
    private func isCrowded(_ cursor: Cursor) -> Bool {
        cursor.unsettled.count > options.retriesInMemory / 2 || cursor.partition.retryBytes > bytesPerCursor / 2
            || cursor.isCrowded(metadataLimit: options.metadataLimit / 2)
    }

    /// A subscription that cannot take it now must not hold others up in its lane: where many wait, one with a queue of its
    /// own sends the record away until there is room, which is later than due. Until then the record waits here, and is
    /// sent as soon as there is room.
    mutating func retryIsDue(_ item: Item, _ state: SubscriptionState) {
        if abandoned(item) { return leaveToNextOwner(item) }
        if state.isRemoved { return divertOrphan(item) }
        let isBlocked = state.blockedUntil > now.instant + options.longestDelayInMemory
        guard state.isRunning, state.circuit.state != .open, !isBlocked else { return takeNextLane(item, state) }
        guard !isCrowded(item.cursor) || hasRoomForDue(state) else { return comeAgain(item, state) }
        state.again.append(item)
        markReady(state)
    }

    /// Room for those that can be sent at once, and its share of what all may keep waiting.
    private func hasRoomForDue(_ state: SubscriptionState) -> Bool {
        let atOnce = state.rate.waitsUntil == nil ? max(0, state.circuit.roomLimit - state.inFlight) : 0
        return state.again.count < atOnce + max(1, options.retriesInMemory / 4 / max(1, liveSubscriptions))
    }
}
