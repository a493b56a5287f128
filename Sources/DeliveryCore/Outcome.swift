import DequeModule
import EventModel

// An attempt has ended: delivered, to be tried again, given up, or the endpoint wants nothing more.
extension DeliveryCore {
    mutating func attemptEnded(_ id: DeliveryID, _ outcome: AttemptOutcome, _ duration: TimeSpan) {
        let delivery = deliveries[id.index]
        guard let state = delivery.owner else { preconditionFailure("an attempt ended twice") }
        beginEnding()
        defer { ending.isOpen = false }
        if delivery.isCancelled, outcome.failure != nil {
            for item in firstOfEachKey(finish(delivery), state) { again(item, state) }
            markReady(state)
            return
        }
        if !outcome.isWithheld { state.counters.attemptDuration.record(duration.seconds) }
        if outcome.isOverload { state.circuit.overloaded(sentAt: delivery.sentAt, now: now.instant) }
        let verdict = Verdict(outcome, policy: state.policy.retry)
        // In place, as this runs for every event: the items of the pooled delivery are not copied.
        for i in delivery.items.indices {
            if !outcome.isWithheld { delivery.items[i].attempts += 1 }
            delivery.items[i].company = 0
        }
        switch verdict {
        case .success, .successThenSuspend:
            if outcome.failedEvents.isEmpty { succeeded(delivery, state) } else { succeededInPart(delivery, state, outcome) }
            if verdict == .successThenSuspend { suspend(state, "the endpoint answered \(outcome.status) with webhook-delivery: disable") }
        case .retry(let kind):
            if !outcome.isWithheld { count(.retry, state) }
            let items = finish(delivery)
            endpointAskedToWait(outcome, state)
            let details = FailureDetails(kind: kind, status: outcome.status, message: outcome.message, attempted: now.wall)
            if isSpent(items, state, outcome) {
                halve(items, state)
            } else {
                for item in inCompany(firstOfEachKey(items, state)) { tryLater(item, state, outcome, details) }
            }
        case .giveUp(let kind):
            count(.refused, state)
            let items = finish(delivery)
            let details = FailureDetails(kind: kind, status: outcome.status, message: outcome.message, attempted: now.wall)
            if items.count > 1, kind != .aborted, kind != .egressDenied {
                halve(items, state)
            } else {
                for item in firstOfEachKey(items, state) { giveUp(item, state, details) }
            }
        case .suspend:
            count(.refused, state)
            let items = finish(delivery)
            let details = FailureDetails(kind: .http, status: outcome.status, message: outcome.message, attempted: now.wall)
            suspend(state, outcome.status == 410 ? "the endpoint answered 410 Gone" : "the endpoint asked for it (webhook-delivery: disable)")
            for item in firstOfEachKey(items, state) { stall(item, state, details) }
        }
        markReady(state)
    }

    mutating func count(_ result: AttemptEnding.Result, _ state: SubscriptionState) {
        ending.result = result
        switch result {
        case .success: state.counters.attemptsSucceeded += 1
        case .retry: state.counters.attemptsToRetry += 1
        case .refused: state.counters.attemptsRefused += 1
        }
    }

    mutating func succeeded(_ delivery: Delivery, _ state: SubscriptionState) {
        let count = delivery.items.count
        self.count(.success, state)
        state.counters.deliveries += UInt64(count)
        setDelivery(nil, delivery.items)
        for i in delivery.items.indices {
            let item = delivery.items[i]
            note(item, .delivered)
            countBusy(item, -1)
            state.counters.eventDelay.record(max(0, (now.wall - item.created).seconds))
            settle(item)
        }
        free(delivery, state)
        if state.circuit.succeeded(events: count) {
            report(.circuitClosed(state.id))
            state.probes = 0
            if state.isRunning { startFlow(state) }
        }
    }

    /// The event has an outcome: its cursor may pass it.
    mutating func settle(_ item: Item) {
        let cursor = item.cursor
        if cursor.isGone {
            // The partition moved on; its next owner will send the event again.
            cursor.subscription?.counters.duplicatesPossible += 1
            mayRelease = true
        } else {
            if let place = item.place { cursor.settle(place: place) } else { cursor.settle(item.offset) }
            letGo(item)
            markDirty(cursor)
            queueAgain(cursor)
            // Late events may have had to wait for others.
            if item.place != nil, let state = cursor.subscription { markReady(state) }
            if cursor.subscription == nil {
                cursor.partition.retryBytes -= Int(records[item.record].bytes)
                updateHunger(cursor)
            }
        }
        release(item.record)
        checkDone(cursor)
    }

    /// Something of a cursor has ended: those who wait for that may go.
    func isWaitedFor(_ cursor: Cursor) -> Bool { cursor.isMoving || cursor.partition.phase == .draining }

    mutating func checkDone(_ cursor: Cursor) {
        // Also when only the cursor is gone, with its subscription: the partition's others may wait for this.
        checkDrained(cursor.partition)
        checkMoved(cursor)
    }

    // MARK: Failures

    mutating func tryLater(_ item: Item, _ state: SubscriptionState, _ outcome: AttemptOutcome, _ details: FailureDetails) {
        if abandoned(item) { return leaveToNextOwner(item) }
        let policy = state.policy.retry
        if isExpired(item, state) {
            var details = details
            details.kind = .expired
            divertDead(item, state, details)
            if outcome.isOutage || state.circuit.state != .closed { openCircuit(state, outcome.message) }
            return
        }
        let isClosed = state.circuit.state == .closed
        // A retry record has been paid for when it entered its topic, so an attempt of it always spends a step of its
        // schedule. Else a poison event without company, whose probes all fail, would ride the lanes for days.
        if outcome.isOutage || (!isClosed && !item.isRetryRecord) {
            openCircuit(state, outcome.message)
            return stall(item, state, details)
        }
        guard item.retries < policy.schedule.count else {
            guard item.isRetryRecord else { return giveUp(item, state, details) }
            if !isClosed || !state.circuit.spend() { openCircuit(state, outcome.message) }
            return divertDead(item, state, details)
        }
        var delay = policy.schedule[item.retries] * (1 + policy.jitter * jitter(of: item, policy))
        if let asked = outcome.retryAfter { delay = max(delay, min(asked, options.longestRetryAfter)) }
        var item = item
        item.retries += 1
        // What others wait for stays here, in its place: how much, its cursor bounds.
        let isOrdered = item.key != nil
        let hasRoom = isOrdered || state.held < options.lookahead && state.heldBytes + bytes(of: item) <= bytesPerSubscription
        if isClosed, delay <= options.longestDelayInMemory, hasRoom {
            hold(item, state, until: now.wall + delay, after: delay)
        } else if isClosed, state.circuit.spend() {
            if isOrdered { hold(item, state, until: now.wall + delay, after: delay) } else { divertRetry(item, state, delay: delay, details) }
        } else if item.isRetryRecord {
            openCircuit(state, outcome.message)
            divertRetry(item, state, delay: delay, details)
        } else {
            item.retries -= 1
            openCircuit(state, outcome.message)
            stall(item, state, details)
        }
    }

    func isExpired(_ item: Item, _ state: SubscriptionState) -> Bool {
        now.wall - item.created >= state.policy.retry.giveUpAfter
    }

    /// Trying again would not help. When everything is refused, that is an outage too: nothing pours into the
    /// dead-letter topic beyond the budget.
    mutating func giveUp(_ item: Item, _ state: SubscriptionState, _ details: FailureDetails) {
        if abandoned(item) { return leaveToNextOwner(item) }
        if isExpired(item, state) {
            // An outage may last; an event is kept for it only so long.
            var details = details
            details.kind = .expired
            divertDead(item, state, details)
            if state.circuit.state != .closed { openCircuit(state, details.message) }
        } else if !isEndpointsFault(details) {
            divertDead(item, state, details)
        } else if item.key != nil, state.policy.retry.onExhausted == .hold {
            keep(item, state, details)
        } else if state.policy.deadLetter.drop || state.circuit.spend() {
            divertDead(item, state, details)
        } else {
            openCircuit(state, details.message)
            stall(item, state, details)
        }
    }

    /// An operator decides about it, or its age; it is tried once more then.
    private mutating func keep(_ item: Item, _ state: SubscriptionState, _ details: FailureDetails) {
        guard state.circuit.spend() else {
            openCircuit(state, details.message)
            return stall(item, state, details)
        }
        let end = item.created + state.policy.retry.giveUpAfter
        report(.keyHeld(state.id, item.cursor.partition.name, offset: item.offset, reason: details.message))
        hold(item, state, until: end, after: end - now.wall)
    }

    /// A record that is no event, or one that the endpoint asked to be rid of, says nothing about the endpoint.
    private func isEndpointsFault(_ details: FailureDetails) -> Bool { details.kind != .poison && details.kind != .aborted }

    /// A refused batch is cut in two until the event that is to blame stands alone.
    private mutating func halve(_ items: ContiguousArray<Item>, _ state: SubscriptionState) {
        var items = items
        for item in items where abandoned(item) { leaveToNextOwner(item) }
        items.removeAll { abandoned($0) }
        let middle = items.count / 2
        // Before the other half of what this is a half of: they may be in order.
        state.parts.prepend(ContiguousArray(items[middle...]))
        state.parts.prepend(ContiguousArray(items[..<middle]))
        if state.circuit.state == .open || !state.isRunning { return stallParts(state) }
        for item in items { note(item, .again) }
    }

    /// The item stays unsettled: its partition or its cursor goes elsewhere.
    mutating func leaveToNextOwner(_ item: Item) {
        note(item, .left)
        release(item.record)
        if item.cursor.isGone { mayRelease = true }
        checkDone(item.cursor)
    }

    /// Sends an event again as soon as possible, without counting an attempt.
    mutating func again(_ item: Item, _ state: SubscriptionState) {
        if abandoned(item) { return leaveToNextOwner(item) }
        if state.isRunning, state.circuit.state != .open {
            note(item, .again)
            state.again.append(item)
            markReady(state)
        } else {
            stall(item, state)
        }
    }

    /// Waits out the outage: in memory, unsettled; a retry record goes back to its topic instead, where it came from.
    mutating func stall(_ item: Item, _ state: SubscriptionState, _ details: FailureDetails = FailureDetails()) {
        if abandoned(item) {
            leaveToNextOwner(item)
        } else if item.isRetryRecord, state.isRemoved {
            divertOrphan(item)
        } else if item.isRetryRecord {
            takeNextLane(item, state, details)
        } else {
            note(item, .outage)
            state.stalled.append(item)
            state.stalledBytes += bytes(of: item)
            if !mayKeepWaiting(state), overfull.last !== state { overfull.append(state) }
        }
    }

    // MARK: Short delays in memory

    struct Held {
        var item: Item
        var state: SubscriptionState
        var due: WallTime
        var bytes: Int
        /// A retry record that was read before its time; nothing has become of it since.
        var isEarly: Bool
        /// Its record was let go with its partition; the timer is still to come.
        var isForgotten = false
    }

    mutating func hold(_ item: Item, _ state: SubscriptionState, until due: WallTime, after delay: TimeSpan, isEarly: Bool = false) {
        note(item, .wait(until: due))
        let entry = Held(item: item, state: state, due: due, bytes: bytes(of: item), isEarly: isEarly)
        state.held += 1
        state.heldBytes += entry.bytes
        let slot: Int
        if let free = freeHeld.popLast() {
            slot = free
            held[slot] = entry
        } else {
            slot = held.count
            held.append(entry)
        }
        timers.set(.held(UInt64(slot)), at: now.instant + delay)
    }

    mutating func heldIsDue(_ slot: Int) {
        guard let entry = held[slot] else { preconditionFailure("a held event came due twice") }
        held[slot] = nil
        freeHeld.append(slot)
        if entry.isForgotten { return }
        entry.state.held -= 1
        entry.state.heldBytes -= entry.bytes
        if now.wall < entry.due, !abandoned(entry.item) {
            if entry.isEarly, !entry.state.isRemoved { return retryIsEarly(entry.item, entry.state, due: entry.due) }
            // The wall clock went slower than the monotonic one: never early.
            return hold(entry.item, entry.state, until: entry.due, after: entry.due - now.wall)
        }
        if entry.item.isRetryRecord { retryIsDue(entry.item, entry.state) } else { again(entry.item, entry.state) }
    }

    private mutating func endpointAskedToWait(_ outcome: AttemptOutcome, _ state: SubscriptionState) {
        guard outcome.status == 429 || outcome.status == 503, let asked = outcome.retryAfter else { return }
        let until = now.instant + min(asked, options.longestRetryAfter)
        guard until > state.blockedUntil else { return }
        state.blockedUntil = until
        timers.set(.unblock(state.id), at: until)
    }
}
