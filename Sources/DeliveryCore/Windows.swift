import DequeModule
public import EventModel

// Events of a subscription with windows are counted as they come, whether its endpoint has room or not; what its requests
// carry are complete windows, each an event of its own, and those events that stand alone.
extension DeliveryCore {
    /// Counts what waits in the queues of a subscription's cursors.
    mutating func foldWaiting(_ state: SubscriptionState) {
        guard state.hasWindow, state.pendingCount > 0 else { return }
        for cursor in state.cursors where !cursor.pending.isEmpty { fold(cursor) }
    }

    /// Counts what waits in a cursor's queue, as far as there is room for what comes of it.
    mutating func fold(_ cursor: Cursor) {
        guard let windows = cursor.windows, let state = cursor.subscription, !windows.isFolding else { return }
        guard let contents else { preconditionFailure("somebody keeps what windows hold") }
        windows.isFolding = true
        defer { windows.isFolding = false }
        while let next = cursor.pending.first, mayFold(cursor, windows, state) {
            if cursor.wasSettled(next.offset) {
                passSettled(cursor, state)
                continue
            }
            windows.reach(next.offset)
            lineUpComplete(cursor, windows, state, contents)
            guard windows.complete.count < options.lookahead else { break }
            let record = records[next.record]
            if record.poison, state.poisonUnderWay >= options.poisonUnderWay { break }
            // Also of what cannot be counted: one dead letter of it is enough.
            if isRepeat(next.record, next.offset, cursor, state) {
                release(popPending(of: cursor, state).record)
                continue
            }
            let source = windows.plan.isOverAllPartitions ? contents.source(of: record.token) : nil
            let looked: WindowedEvent? =
                if record.poison { .poison("") }
                else if windows.plan.isOverAllPartitions, source == nil { .poison("the record does not say where it comes from; only the bridge writes here") }
                else if let source, source.isMark { nil }
                else { contents.look(at: record.token, of: cursor.partition.handle, for: state.id) }
            if case .poison = looked, state.poisonUnderWay >= options.poisonUnderWay { return }
            if windows.plan.isOverAllPartitions { windows.pass(next.offset) }
            let isRepeated = source.map { windows.isRepeated($0) } ?? false
            switch isRepeated ? nil : looked {
            case nil:
                release(popPending(of: cursor, state).record)
            case .poison(let reason):
                let item = takeAlone(cursor, windows.standAlone(next.offset), state)
                if let item { divertDead(item, state, FailureDetails(kind: .poison, message: reason)) }
            case .event(let time, let group):
                let room = state.policy.window!.maxGroups - state.openWindows
                let place = windows.take(next.offset, at: time.milliseconds, group: group, room: room, contents)
                if case .full = place {
                    return suspend(state, "more than \(state.policy.window!.maxGroups) windows would be open (window.maxGroups)")
                }
                windows.lastEvent = now.instant
                if let item = takeAlone(cursor, place, state) { handleLate(item, state) }
            }
            if let source { windows.learn(source) }
            lineUpComplete(cursor, windows, state, contents)
        }
        updateHunger(cursor)
        // Not at once: it may be in the midst of what a ring or a batch has for it.
        if cursor.pending.isEmpty, windows.clock.hasAdvances { caughtUp.append(cursor) }
        if contents.bytes(of: state.id) > windowBytesPerSubscription, windows.openCount > 0 {
            suspend(state, "its windows hold more than \(windowBytesPerSubscription) bytes (limits.recordMemory): fewer groups, shorter lists")
        }
    }

    /// What windows hold is not in Kafka's buffers, and comes on top.
    private var windowBytesPerSubscription: Int { options.recordMemory / 2 / max(1, liveSubscriptions) }

    private func mayFold(_ cursor: Cursor, _ windows: WindowTable, _ state: SubscriptionState) -> Bool {
        state.isRunning && state.isFlowing && !cursor.isGone && !cursor.isMoving && cursor.partition.phase == .reading
            && windows.clock.proposed == nil && windows.complete.count < options.lookahead && state.again.count < options.lookahead
            && windows.underWay < 2 * options.lookahead
    }

    /// Takes the first event out of a cursor's queue. Nil unless it stands alone: then its record is not needed any more.
    private mutating func takeAlone(_ cursor: Cursor, _ place: WindowTable.Place, _ state: SubscriptionState) -> Item? {
        let next = popPending(of: cursor, state)
        guard case .alone(let place) = place else {
            release(next.record)
            return nil
        }
        return Item(
            cursor: cursor, offset: next.offset, record: next.record, created: records[next.record].timestamp, place: place)
    }

    private mutating func handleLate(_ item: Item, _ state: SubscriptionState) {
        let reason = "every window it belongs to was complete when it came"
        switch state.policy.window!.late {
        case .deadLetter: divertDead(item, state, FailureDetails(kind: .windowLate, message: reason))
        case .drop:
            state.counters.drops += 1
            report(.dropped(state.id, .windowLate, view(item), reason: reason))
            settle(item)
        case .deliver: state.again.append(item)
        }
    }

    /// Windows that the watermark has passed get their turn.
    private mutating func lineUpComplete(
        _ cursor: Cursor, _ windows: WindowTable, _ state: SubscriptionState, _ contents: any WindowContents
    ) {
        windows.complete(at: now, contents)
        count(windows, state)
        guard !cursor.isQueued, !windows.complete.isEmpty else { return }
        cursor.isQueued = true
        state.queue.append(cursor)
    }

    private func count(_ windows: WindowTable, _ state: SubscriptionState) {
        state.openWindows += windows.openCount - windows.openCounted
        state.completeWindows += windows.complete.count - windows.completeCounted
        windows.openCounted = windows.openCount
        windows.completeCounted = windows.complete.count
    }

    // MARK: What a cursor has for the endpoint

    /// The record of the event that is next: of a window, made now.
    mutating func nextRecord(of cursor: Cursor) -> RecordIndex? {
        guard let windows = cursor.windows else { return cursor.pending.first?.record }
        guard let next = windows.next, let contents else { return nil }
        if let record = next.record { return record }
        let bounds = WindowBounds(
            start: WallTime(milliseconds: next.start), end: WallTime(milliseconds: next.end), offsets: next.offsets)
        let record = records.insert(contents.event(of: next.id, bounds, at: now.wall), arrived: next.completed.instant)
        windows.made(record, contents)
        return record
    }

    mutating func takeWindow(of cursor: Cursor, _ windows: WindowTable, _ state: SubscriptionState) -> Item {
        let window = windows.removeNext()
        count(windows, state)
        return Item(
            cursor: cursor, offset: window.offsets.lowerBound, record: window.record!, created: window.completed.wall,
            place: window.place, isWindow: true)
    }

    /// When the event that is next began to wait: its own time, or when its window was complete.
    func waitsSince(_ cursor: Cursor) -> WallTime? {
        if let windows = cursor.windows { return windows.next?.completed.wall }
        return cursor.pending.first.map { records[$0.record].timestamp }
    }

    /// When the event that is next came.
    func arrival(ofNextOf cursor: Cursor) -> Instant? {
        if let windows = cursor.windows { return windows.next?.completed.instant }
        return cursor.pending.first.map { records[$0.record].arrived }
    }

    /// Forgets the windows of a cursor that takes no more from where it is; they will be computed again.
    mutating func forgetWindows(_ cursor: Cursor) {
        guard let windows = cursor.windows, let state = cursor.subscription, let contents else { return }
        for record in windows.dropAll(contents) { release(record) }
        count(windows, state)
    }

    // MARK: Without events

    /// A partition to which nothing comes must not keep windows open for ever: its watermark follows the clock at a distance.
    /// That is committed before anything is made of it, as a crash after that would make other windows of the same events.
    mutating func endKnown(_ handle: PartitionHandle, _ end: Int64, asked: Moment) {
        let partition = partitions[handle.index]
        partition.end = end
        guard partition.phase == .reading, partition.nextOffset >= end else { return }
        for case let cursor? in partition.cursors {
            guard let windows = cursor.windows, let state = cursor.subscription, state.isRunning, state.isFlowing, cursor.isAttached,
                !cursor.isMoving, cursor.pending.isEmpty, windows.clock.proposed == nil, !windows.clock.hasAdvances,
                windows.mayClockMoveIt, asked.instant - windows.lastEvent >= state.policy.window!.idle
            else { continue }
            let watermark = asked.wall.milliseconds - windows.plan.idle
            guard windows.mayAdvance(to: watermark, at: cursor.position, metadataLimit: options.metadataLimit) else { continue }
            windows.propose(WindowClock.Advance(offset: cursor.position, watermark: watermark))
            markDirty(cursor)
        }
    }

    /// Where a subscription is on a partition of which it has seen all up to a known end, and settled all; else nil.
    public func restingPosition(of id: SubscriptionID, on handle: PartitionHandle, end: Int64) -> Int64? {
        let partition = partitions[handle.index]
        guard partition.nextOffset >= end, partition.phase == .reading else { return nil }
        for case let cursor? in partition.cursors where cursor.subscription?.id == id {
            guard cursor.isLoaded, cursor.isAttached, !cursor.isMoving, cursor.base == cursor.position else { return nil }
            return cursor.position
        }
        return nil
    }

    /// From when on the clock closes a window of this partition, if nothing more comes and somebody asks where its log ends.
    public func idleEnd(of handle: PartitionHandle) -> WallTime? {
        var end: WallTime? = nil
        for case let cursor? in partitions[handle.index].cursors {
            guard let windows = cursor.windows,
                let next = windows.nextAdvance(at: cursor.position, metadataLimit: options.metadataLimit)
            else { continue }
            let idle = TimeSpan.milliseconds(windows.plan.idle)
            let quiet = now.wall + max(.zero, idle - (now.instant - windows.lastEvent))
            let own = max(quiet, WallTime(milliseconds: next) + idle)
            end = min(end ?? own, own)
        }
        return end
    }

    /// A cursor was committed, and with it perhaps an advance.
    mutating func advanceCommitted(_ cursor: Cursor) {
        guard let windows = cursor.windows, windows.clock.isProposalSent, !cursor.isGone else { return }
        windows.accept()
        goOnFolding(cursor)
    }

    /// Cursors that may have come as far as an advance that was committed before the restart.
    mutating func applyAdvances(_ partition: PartitionState) {
        guard partition.hasWindows else { return }
        for case let cursor? in partition.cursors where cursor.windows?.clock.hasAdvances ?? false { caughtUp.append(cursor) }
    }

    /// Of those that have counted all there is before it, it is in force now.
    mutating func applyAdvances() {
        while let cursor = caughtUp.popLast() {
            guard let windows = cursor.windows, cursor.pending.isEmpty, cursor.isLoaded, !cursor.isMoving, !cursor.isGone else { continue }
            windows.reach(cursor.position)
            goOnFolding(cursor)
        }
    }

    private mutating func goOnFolding(_ cursor: Cursor) {
        guard let windows = cursor.windows, let state = cursor.subscription, let contents else { return }
        lineUpComplete(cursor, windows, state, contents)
        markReady(state)
    }
}
