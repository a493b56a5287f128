import DequeModule
import EventModel

// Subscriptions that have room take their next events, in turns: delivery is pull, nothing is pushed at an endpoint.
extension DeliveryCore {
    /// Puts a subscription in line if it has something to send and may.
    mutating func markReady(_ state: SubscriptionState) {
        foldWaiting(state)
        guard !state.isReady, state.isRunning, state.hasRoom else { return }
        guard hasWork(state) else { return probeNewEvents(state) }
        state.isReady = true
        ready.append(state)
    }

    private func hasWork(_ state: SubscriptionState) -> Bool {
        state.freshCount > 0 || !state.again.isEmpty || !state.parts.isEmpty || !state.stalled.isEmpty
    }

    /// One request per subscription and turn, so that a saturated process is shared fairly.
    mutating func dispatch() {
        if isInDoubt { return }
        while inFlight < options.maxInFlight, let state = nextInLine() {
            state.isReady = false
            guard state.isRunning, state.hasRoom else { continue }
            guard state.blockedUntil <= now.instant, mayStart(state) else { continue }
            guard hasRoomForAll || hasShare(state) else {
                crowdOut(state)
                continue
            }
            if formDelivery(state) { markReady(state) } else { probeNewEvents(state) }
        }
    }

    // MARK: Room
    //
    // Half of the room is anybody's. The other half is divided evenly: however many endpoints hang, with all the requests
    // they may have, each of the others still has a share.

    private var hasRoomForAll: Bool {
        inFlight < options.maxInFlight / 2 && inFlightBytes < options.recordMemory / 4
    }

    private func hasShare(_ state: SubscriptionState) -> Bool {
        state.inFlight == 0
            || (state.inFlight < options.maxInFlight / 2 / max(1, liveSubscriptions) && state.inFlightBytes < bytesPerSubscription)
    }

    /// A subscription's share of what all may have in flight; what waits in memory for its endpoint gets as much again.
    var bytesPerSubscription: Int { options.recordMemory / 4 / max(1, liveSubscriptions) }

    private mutating func crowdOut(_ state: SubscriptionState) {
        state.isReady = true
        state.isCrowdedOut = true
        if state.isInCrowd { return }
        state.isInCrowd = true
        crowdedOut.append(state)
    }

    private mutating func nextInLine() -> SubscriptionState? {
        if let state = ready.popFirst() { return state }
        while hasRoomForAll, let state = crowdedOut.popFirst() {
            state.isInCrowd = false
            guard state.isCrowdedOut else { continue }
            state.isCrowdedOut = false
            return state
        }
        return nil
    }

    /// Sends the subscription's next request. False when there is none to send now.
    private mutating func formDelivery(_ state: SubscriptionState) -> Bool {
        if let part = nextPart(state) {
            send(part, state)
            return true
        }
        guard let batch = state.policy.batch else {
            guard let item = nextItem(state) else { return false }
            let delivery = newDelivery()
            delivery.items.append(item)
            send(delivery, state)
            return true
        }
        return formBatch(state, batch)
    }

    private mutating func nextPart(_ state: SubscriptionState) -> Delivery? {
        while let place = firstFreePart(of: state) {
            var part = state.parts.remove(at: place)
            for item in part where abandoned(item) { release(item.record) }
            part.removeAll { abandoned($0) }
            if part.isEmpty { continue }
            let delivery = newDelivery()
            delivery.items.append(contentsOf: part)
            return delivery
        }
        return nil
    }

    /// A batch is cut when it is full or no more may come for it, when its oldest event has waited long enough, or when it
    /// holds something to be sent again; otherwise a timer waits for company.
    private mutating func formBatch(_ state: SubscriptionState, _ batch: BatchPolicy) -> Bool {
        if state.again.isEmpty, state.stalled.isEmpty, state.freshCount < batch.maxEvents, state.freshBytes < batch.maxBytes,
            mayGetCompany(state)
        {
            guard let oldest = oldestArrival(state) else { return false }
            let due = oldest + batch.maxWait
            if due > now.instant {
                if state.lingerTimer != due {
                    state.lingerTimer = due
                    timers.set(.linger(state.id), at: due)
                }
                return false
            }
        }
        let delivery = newDelivery()
        var bytes = 0
        // A probe is one event.
        let most = state.circuit.state == .probing ? 1 : batch.maxEvents
        while delivery.items.count < most, bytes < batch.maxBytes || delivery.items.isEmpty,
            let item = nextItem(state, for: delivery, roomInBytes: delivery.items.isEmpty ? .max : batch.maxBytes - bytes)
        {
            if let key = item.key { item.cursor.order?.setDelivery(delivery.id, key) }
            bytes += Int(records[item.record].bytes)
            delivery.items.append(item)
        }
        guard !delivery.items.isEmpty else {
            freeDeliveries.append(delivery.id.index)
            return false
        }
        send(delivery, state)
        return true
    }

    /// Not of a cursor that holds as much as it may: a batch that waits for more waits in vain.
    private func mayGetCompany(_ state: SubscriptionState) -> Bool {
        state.queue.allSatisfy { cursor in
            guard let windows = cursor.windows else { return cursor.isHungry }
            return windows.complete.count < options.lookahead && cursor.pendingBytes < bytesPerCursor
        }
    }

    private func oldestArrival(_ state: SubscriptionState) -> Instant? {
        var oldest: Instant? = nil
        for cursor in state.queue {
            guard let arrived = arrival(ofNextOf: cursor) else { continue }
            if oldest.map({ arrived < $0 }) ?? true { oldest = arrived }
        }
        return oldest
    }

    /// The next event to send: those that come again first, then new ones, partition by partition.
    ///
    /// - Parameter batch: the first one in it may be joined by such as were not tried before, or failed with it, and are replayed if
    ///   it is.
    private mutating func nextItem(_ state: SubscriptionState, for batch: Delivery? = nil, roomInBytes: Int = .max) -> Item? {
        let first = batch?.items.first
        func fits(_ item: Item) -> Bool {
            guard let first else { return true }
            return records[item.record].bytes <= roomInBytes && isCompany(item, of: first) && item.isReplay == first.isReplay
        }
        if let item = follower(of: batch?.items.last, fits: fits) { return item }
        let preferNew = state.circuit.state == .probing && state.probes % 2 == 0
        if preferNew, let item = nextPending(state, for: batch, roomInBytes) { return item }
        while let item = state.again.first {
            if !abandoned(item), !fits(item) { return nil }
            state.again.removeFirst()
            if !abandoned(item) { return item }
            release(item.record)
        }
        while let item = state.stalled.first {
            if !abandoned(item), !fits(item) { return nil }
            state.stalled.removeFirst()
            state.stalledBytes -= bytes(of: item)
            if !abandoned(item) { return item }
            release(item.record)
        }
        if let first, first.isReplay || first.attempts > 0 { return nil }
        return nextPending(state, for: batch, roomInBytes)
    }

    /// Takes the next new event from the queues of the subscription's cursors.
    private mutating func nextPending(_ state: SubscriptionState, for batch: Delivery?, _ roomInBytes: Int) -> Item? {
        while let cursor = state.queue.first {
            guard !cursor.isGone, mayTake(cursor, for: batch?.id), let record = nextRecord(of: cursor) else {
                state.queue.removeFirst()
                cursor.isQueued = false
                continue
            }
            let entry = records[record]
            if entry.bytes > roomInBytes { return nil }
            // A topic full of records that are no events must not take the producer from those that deliver.
            if entry.poison, state.poisonUnderWay >= options.poisonUnderWay { return nil }
            state.queue.removeFirst()
            let taken = takeNext(of: cursor, state)
            if !cursor.hasNext { cursor.isQueued = false } else { state.queue.append(cursor) }
            guard let item = taken else { continue }
            if entry.poison {
                // Not the endpoint's fault, and not for it to judge.
                divertDead(item, state, FailureDetails(kind: .poison))
                continue
            }
            guard let order = cursor.order else { return item }
            if let first = lineUp(item, order, in: batch?.id) { return first }
        }
        return nil
    }

    /// Inlined, as the few others that are asked with every event and change nothing: for a call of such a method the compiler (Swift 6.3)
    /// copies the whole engine first.
    @inline(__always)
    func mayTake(_ cursor: Cursor, for batch: DeliveryID? = nil) -> Bool {
        if cursor.isStuck || cursor.isCrowded(metadataLimit: options.metadataLimit) { return false }
        guard let order = cursor.order else { return true }
        return !order.isFull && !order.isBlocked(for: batch)
    }

    /// Puts a cursor back into the subscription's queue that left it because it might not take.
    mutating func queueAgain(_ cursor: Cursor) {
        guard let state = cursor.subscription, !cursor.isQueued, cursor.hasNext, mayTake(cursor) else { return }
        cursor.isQueued = true
        state.queue.append(cursor)
        markReady(state)
    }

    /// Takes a cursor's next event: from now on it is unsettled. Nil: it came before, and is settled by that.
    mutating func takeNext(of cursor: Cursor, _ state: SubscriptionState) -> Item? {
        if let windows = cursor.windows { return takeWindow(of: cursor, windows, state) }
        let next = popPending(of: cursor, state)
        cursor.take(next.offset)
        updateHunger(cursor)
        let item = Item(cursor: cursor, offset: next.offset, record: next.record, created: records[next.record].timestamp)
        let isRepeat = isRepeat(item.record, item.offset, cursor, state)
        passSettled(cursor, state)
        guard isRepeat else { return item }
        settle(item)
        return nil
    }

    /// Takes the first record out of a cursor's queue.
    mutating func popPending(of cursor: Cursor, _ state: SubscriptionState) -> Cursor.Pending {
        let next = cursor.pending.removeFirst()
        let bytes = Int(records[next.record].bytes)
        cursor.pendingBytes -= bytes
        state.pendingCount -= 1
        state.pendingBytes -= bytes
        if cursor.isAttached { records.addWaiter(next.record, -1) }
        return next
    }

    /// Whether an event stays unsettled here: its partition is being given up, its subscription was removed, or its cursor
    /// goes elsewhere. Whoever reads on from the cursor will come to it again.
    func abandoned(_ item: Item) -> Bool {
        item.cursor.isGone || item.cursor.isMoving || item.cursor.partition.phase != .reading
    }

    // MARK: Requests

    private mutating func newDelivery() -> Delivery {
        if let index = freeDeliveries.popLast() { return deliveries[index] }
        let delivery = Delivery(id: DeliveryID(index: deliveries.count))
        deliveries.append(delivery)
        return delivery
    }

    private mutating func send(_ delivery: Delivery, _ state: SubscriptionState) {
        delivery.subscription = state.id
        delivery.owner = state
        delivery.isCancelled = false
        for i in delivery.items.indices {
            countBusy(delivery.items[i], 1)
            if delivery.items[i].attempts == 0 { delivery.items[i].firstAttempt = now.wall }
        }
        setDelivery(delivery.id, delivery.items)
        delivery.sentAt = now.instant
        if state.rateLimit != nil { state.rate.take() }
        state.inFlight += 1
        inFlight += 1
        delivery.bytes = delivery.items.reduce(0) { $0 + Int(records[$1.record].bytes) }
        state.inFlightBytes += delivery.bytes
        inFlightBytes += delivery.bytes
        effects.append(.attempt(delivery.id))
    }

    /// Counts what a partition and a cursor have to wait for before they can go.
    func countBusy(_ item: Item, _ delta: Int) {
        item.cursor.busy += delta
        item.cursor.partition.busy += delta
    }

    /// Frees a delivery whose attempt has ended; the items are the caller's now.
    mutating func finish(_ delivery: Delivery) -> ContiguousArray<Item> {
        guard let state = delivery.owner else { preconditionFailure("an attempt ended twice") }
        for item in delivery.items { countBusy(item, -1) }
        let items = delivery.items
        setDelivery(nil, items)
        free(delivery, state)
        return items
    }

    /// Makes the delivery's place and its share of what may be in flight free again.
    mutating func free(_ delivery: Delivery, _ state: SubscriptionState) {
        state.inFlight -= 1
        inFlight -= 1
        state.inFlightBytes -= delivery.bytes
        inFlightBytes -= delivery.bytes
        if state.isCrowdedOut, hasShare(state) {
            state.isCrowdedOut = false
            ready.append(state)
        }
        delivery.items.removeAll(keepingCapacity: true)
        delivery.owner = nil
        freeDeliveries.append(delivery.id.index)
    }

    // MARK: What the performer asks

    public func delivery(_ id: DeliveryID) -> Delivery { deliveries[id.index] }

    public func item(_ i: Int, of delivery: Delivery) -> ItemView { view(delivery.items[i]) }

    func bytes(of item: Item) -> Int { Int(records[item.record].bytes) }

    func view(_ item: Item) -> ItemView {
        ItemView(
            token: records[item.record].token, partition: item.cursor.partition.handle, offset: item.offset,
            isRetryRecord: item.isRetryRecord, created: item.created, attempts: item.attempts, arrived: records[item.record].arrived)
    }
}
