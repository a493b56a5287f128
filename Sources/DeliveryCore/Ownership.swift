import DequeModule
import EventModel

// Partitions come and go: cursors are loaded before the first record is read, and committed before a partition is let go.
extension DeliveryCore {
    mutating func assign(_ names: [TopicPartitionName]) {
        rebalances += 1
        settleShares()
        var toLoad: [(group: CommitGroup, handles: [PartitionHandle])] = []
        var places: [ObjectIdentifier: Int] = [:]
        for name in names {
            let isRetry = name.topic == options.retryTopic
            let topic = topicState(name.topic)
            let partition = PartitionState(
                handle: PartitionHandle(index: partitions.count), name: name, topic: topic,
                lane: isRetry ? lanes.lane(ofPartition: name.partition) : nil)
            partitions.append(partition)
            livePartitions += 1
            topic.partitions.append(partition)
            let groups: [CommitGroup]
            if isRetry {
                let cursor = Cursor(
                    partition: partition, subscription: nil, group: retryGroup, slot: 0, windowIDs: windowIDs, sourcePlaces: options.sourcePlaces)
                partition.cursors = [cursor]
                liveCursors += 1
                partition.cursorsToLoad = 1
                groups = [retryGroup]
            } else {
                for state in topic.slots { if let state { addCursor(of: state, to: partition) } }
                groups = topic.slots.compactMap { $0?.group }
            }
            for group in groups {
                if let i = places[ObjectIdentifier(group)] {
                    toLoad[i].handles.append(partition.handle)
                } else {
                    places[ObjectIdentifier(group)] = toLoad.count
                    toLoad.append((group, [partition.handle]))
                }
            }
            timers.set(.patience(partition.handle), at: now.instant + options.loadPatience)
        }
        for (group, handles) in toLoad { load(group, handles) }
        sharesGrew()
    }

    /// Makes the cursor; its place is not known until it has been loaded.
    @discardableResult
    mutating func addCursor(of state: SubscriptionState, to partition: PartitionState) -> Cursor {
        let cursor = Cursor(
            partition: partition, subscription: state, group: state.group, slot: state.slot, windowIDs: windowIDs,
            sourcePlaces: options.sourcePlaces)
        while partition.cursors.count <= Int(state.slot) { partition.cursors.append(nil) }
        partition.cursors[Int(state.slot)] = cursor
        liveCursors += 1
        cursor.routedFrom = partition.nextOffset
        state.cursors.append(cursor)
        if partition.phase == .loading { partition.cursorsToLoad += 1 }
        return cursor
    }

    // MARK: Loading

    /// A subscription that was removed and came back waits for the last commit of its former life; a partition that was lost
    /// and came back, for a commit that was on its way then.
    mutating func load(_ group: CommitGroup, _ handles: [PartitionHandle]) {
        if let predecessor = group.predecessor, predecessor.isLeaving {
            group.toLoad.append(contentsOf: handles)
            predecessor.successor = group
            return
        }
        let late = handles.filter { isCommitUnderWay(group, partitions[$0.index].name) }
        group.toLoad.append(contentsOf: late)
        let free = handles.filter { !late.contains($0) }
        if !free.isEmpty { effects.append(.loadCursors(group.id, free)) }
    }

    /// The commit has ended that these were waiting for; some may have gone meanwhile.
    mutating func loadWaiting(_ group: CommitGroup) {
        let handles = group.toLoad.filter { partitions[$0.index].phase == .loading || partitions[$0.index].phase == .reading }
        group.toLoad.removeAll()
        if !handles.isEmpty { effects.append(.loadCursors(group.id, handles)) }
    }

    /// Whether a commit is on its way that an earlier assignment of this partition has sent.
    private func isCommitUnderWay(_ group: CommitGroup, _ name: TopicPartitionName) -> Bool {
        group.isUnderWay && group.inCommit.contains { $0.isGone && $0.partition.name == name }
    }

    mutating func cursorLoaded(_ group: CursorGroup, _ handle: PartitionHandle, _ stored: StoredCursor) {
        guard let cursor = unloadedCursor(group, handle) else { return }
        if sendElsewhere(cursor) { return }
        switch stored {
        case .none:
            // Retry records are few and each is somebody's event: from the beginning.
            let start = cursor.subscription?.policy.start ?? .earliest
            effects.append(.resolveStart(group, handle, start))
        case .committed(let offset, let metadata):
            let known = known(of: cursor, offset, metadata)
            if known == nil { report(.badMetadata(cursor.subscription?.id, cursor.partition.name)) }
            cursor.committedAt = now.instant
            if !cursor.isRefresh {
                cursor.committedOffset = offset
                cursor.committedMetadata = metadata
            }
            restore(cursor, offset, known?.settled ?? [], rememberedFrom: known?.start ?? offset)
            if cursor.isRefresh { markDirty(cursor) }
        }
    }

    /// What is settled beyond a committed offset, event by event, and from where the log is read again to remember it; what is
    /// known of windows goes to them. Nil: not to be read.
    private func known(of cursor: Cursor, _ offset: Int64, _ metadata: String) -> CursorMetadata.Known? {
        guard WindowMetadata.isWritten(in: metadata) else { return CursorMetadata.read(base: offset, metadata) }
        // It had windows, and has none any more: what was in open ones is delivered event by event.
        guard let windows = cursor.windows else { return CursorMetadata.Known(start: offset) }
        guard let known = WindowMetadata.decode(base: offset, firstPlace: offset * windows.plan.windowsPerEvent, metadata) else { return nil }
        windows.restore(known)
        return CursorMetadata.Known(start: known.rememberedFrom ?? offset)
    }

    mutating func startResolved(_ group: CursorGroup, _ handle: PartitionHandle, _ offset: Int64) {
        guard let cursor = unloadedCursor(group, handle) else { return }
        if sendElsewhere(cursor) { return }
        placed(cursor, at: offset)
    }

    /// A seek came while the cursor's place was being looked up: that answer is not what is wanted any more.
    private mutating func sendElsewhere(_ cursor: Cursor) -> Bool {
        guard let target = cursor.target else { return false }
        cursor.target = nil
        // Whatever it was loaded for, it goes on now.
        cursor.isRefresh = false
        // Not what the answer says that is here: it may be older than the word to go.
        if target == .committed { load(cursor.group, [cursor.partition.handle]) } else { place(cursor, at: target) }
        return true
    }

    private func unloadedCursor(_ group: CursorGroup, _ handle: PartitionHandle) -> Cursor? {
        let partition = partitions[handle.index]
        guard partition.phase == .loading || partition.phase == .reading else { return nil }
        let slot =
            switch group {
            case .retryTopic: 0
            case .subscription(let id): Int(subscriptions[id.index].slot)
            }
        guard slot < partition.cursors.count, let cursor = partition.cursors[slot], cursor.group.id == group, !cursor.isLoaded, !cursor.isGone
        else { return nil }
        return cursor
    }

    mutating func restore(
        _ cursor: Cursor, _ offset: Int64, _ settled: ContiguousArray<Range<Int64>>, rememberedFrom start: Int64
    ) {
        let partition = cursor.partition
        cursor.windows?.lastEvent = now.instant
        cursor.restore(offset: offset, settled: settled, rememberedFrom: start)
        guard partition.phase == .reading else { return oneCursorFewerToLoad(partition) }
        guard partition.isStarted else { return startReading(partition) }
        if cursor.position > partition.nextOffset {
            if partition.isImpatient, cursor.subscription?.isFlowing ?? true {
                moveHead(of: partition, to: cursor.position)
            } else {
                // The subscription is newer than the reading of this partition.
                cursor.startEarlier(at: partition.nextOffset)
            }
        }
        partition.lagging += 1
        tryAttach(cursor)
        updateHunger(cursor)
    }

    mutating func oneCursorFewerToLoad(_ partition: PartitionState) {
        partition.cursorsToLoad -= 1
        if partition.cursorsToLoad == 0, partition.phase == .loading { startReading(partition) }
    }

    /// Some are long in coming, perhaps of a group that Kafka does not show us: who is here does not wait for them. When nobody is,
    /// whoever comes first begins.
    mutating func patienceIsOver(_ partition: PartitionState) {
        guard partition.phase == .loading else { return }
        partition.isImpatient = true
        startReading(partition)
    }

    /// A cursor that came late is ahead of those that reading began with: it must not read what it has behind it, so they lag.
    private mutating func moveHead(of partition: PartitionState, to offset: Int64) {
        for case let cursor? in partition.cursors where cursor.isAttached { detach(cursor) }
        partition.nextOffset = offset
        emptyRing(of: partition)
        partition.ring.reset(coverStart: offset)
        effects.append(.startReading(partition.handle, offset: offset))
    }

    private mutating func emptyRing(of partition: PartitionState) {
        while let entry = partition.ring.entries.first {
            _ = partition.ring.removeFirst(bytes: Int(records[entry.record].bytes))
            release(entry.record)
        }
    }

    /// The head is read from the highest cursor on: those that are behind read back, so that nobody waits for them.
    private mutating func startReading(_ partition: PartitionState) {
        partition.phase = .reading
        let cursors = partition.cursors.compactMap { $0 }.filter(\.isLoaded)
        let flowing = cursors.filter { $0.subscription?.isFlowing ?? true }
        guard let start = (flowing.isEmpty ? cursors : flowing).map(\.position).max() else { return }
        partition.isStarted = true
        partition.nextOffset = start
        partition.ring.reset(coverStart: start)
        effects.append(.startReading(partition.handle, offset: start))
        for cursor in cursors {
            if cursor.position > start { cursor.startEarlier(at: start) }
            partition.lagging += 1
            tryAttach(cursor)
            updateHunger(cursor)
        }
        if !sweepTimerIsSet {
            sweepTimerIsSet = true
            timers.set(.sweep, at: now.instant + options.coldCommitInterval)
        }
    }

    // MARK: Giving up

    /// Takes nothing new, lets what is in flight finish, commits, then lets go.
    mutating func drain(_ partition: PartitionState) {
        guard partition.phase == .loading || partition.phase == .reading else { return }
        let wasReading = partition.phase == .reading
        settleShares()
        partition.phase = .draining
        partition.drainDeadline = now.instant + options.drainLimit
        timers.set(.drain(partition.handle), at: partition.drainDeadline)
        for case let cursor? in partition.cursors {
            dropPending(cursor)
            forgetLines(cursor)
            forgetWindows(cursor)
            updateHunger(cursor)
            // Of one that is halted only what was settled: Kafka's own tools may have moved it.
            let isRunning = cursor.subscription?.isRunning ?? true
            if wasReading, cursor.isLoaded, isRunning, cursor.base != cursor.committedOffset { markDirty(cursor) }
        }
        forgetPausing()
        checkDrained(partition)
    }

    mutating func checkDrained(_ partition: PartitionState) {
        guard partition.phase == .draining, partition.busy == 0 else { return }
        for case let cursor? in partition.cursors
        where cursor.isDirty || cursor.isInCommit || isCommitUnderWay(cursor.group, partition.name) { return }
        close(partition)
        effects.append(.released(partition.handle))
    }

    mutating func drainTimedOut(_ partition: PartitionState) {
        guard partition.phase == .draining else { return }
        report(.drainTimedOut(partition.name, inFlight: partition.busy))
        for delivery in deliveries where delivery.owner != nil && !delivery.isCancelled {
            if delivery.items.contains(where: { $0.cursor.partition === partition }) {
                delivery.isCancelled = true
                effects.append(.cancel(delivery.id))
            }
        }
        countPossibleDuplicates(partition)
        close(partition)
        effects.append(.released(partition.handle))
    }

    /// The partition is somebody else's already.
    mutating func lose(_ partition: PartitionState) {
        guard partition.phase != .gone else { return }
        countPossibleDuplicates(partition)
        close(partition)
    }

    private func countPossibleDuplicates(_ partition: PartitionState) {
        for case let cursor? in partition.cursors {
            cursor.subscription?.counters.duplicatesPossible += UInt64(cursor.settledSinceCommit)
        }
    }

    private mutating func close(_ partition: PartitionState) {
        settleShares()
        partition.phase = .gone
        livePartitions -= 1
        chunkEnded(partition)
        for case let cursor? in partition.cursors {
            forget(cursor)
            guard let state = cursor.subscription else {
                // Retry records wait at many subscriptions.
                for state in subscriptions { forgetWaiting(state) }
                continue
            }
            state.cursors.removeAll { $0 === cursor }
            forgetWaiting(state)
        }
        forgetHeld()
        forgetPausing()
        emptyRing(of: partition)
        partition.topic.partitions.removeAll { $0 === partition }
        retire(partition)
    }

    mutating func forgetHeld() {
        for slot in held.indices {
            guard let entry = held[slot], !entry.isForgotten, abandoned(entry.item) else { continue }
            release(entry.item.record)
            entry.state.held -= 1
            entry.state.heldBytes -= entry.bytes
            held[slot]?.isForgotten = true
        }
    }

    /// Lets go of the events that wait in memory and are not ours any more.
    mutating func forgetWaiting(_ state: SubscriptionState) {
        for item in state.stalled where abandoned(item) {
            state.stalledBytes -= bytes(of: item)
            release(item.record)
        }
        state.stalled.removeAll { abandoned($0) }
        for item in state.again where abandoned(item) { release(item.record) }
        state.again.removeAll { abandoned($0) }
        for i in state.parts.indices {
            for item in state.parts[i] where abandoned(item) { release(item.record) }
            state.parts[i].removeAll { abandoned($0) }
        }
        probeNewEvents(state)
    }

    /// Nothing moves or commits this cursor any more. What is in flight for it ends without effect on it.
    mutating func forget(_ cursor: Cursor) {
        precondition(!cursor.isGone, "a cursor goes once")
        dropPending(cursor)
        forgetLines(cursor)
        forgetWindows(cursor)
        cursor.isGone = true
        liveCursors -= 1
        updateHunger(cursor)
        if !cursor.isAttached, cursor.isLoaded, cursor.partition.phase != .loading { cursor.partition.lagging -= 1 }
        markClean(cursor)
        if cursor.isQueued { cursor.subscription?.queue.removeAll { $0 === cursor } }
        cursor.forgetLog()
    }

    // MARK: Retention

    /// Kafka deleted what had not been settled: said loudly, then on from where the log begins.
    mutating func jumpToLogStart(_ handle: PartitionHandle, _ start: Int64, chunk: Bool) {
        let partition = partitions[handle.index]
        guard partition.phase == .reading else { return }
        if chunk { chunkEnded(partition) }
        // A halted subscription's cursor is read anew when it goes on, and Kafka's own tools may have moved it by then.
        let cursors = partition.cursors.compactMap { $0 }.filter { $0.isLoaded && $0.subscription?.isRunning ?? true }
        for cursor in cursors where cursor.position < start {
            // What lies before the base was read again only to be remembered.
            let count = start - max(cursor.position, cursor.base)
            if count > 0 {
                report(.recordsLost(cursor.subscription?.id, partition.name, count: count))
                if let state = cursor.subscription { state.counters.recordsLost += UInt64(count) } else { retriesLost += UInt64(count) }
            }
            if !cursor.isAttached { cursor.position = start }
        }
        if partition.nextOffset < start {
            partition.nextOffset = start
            emptyRing(of: partition)
            partition.ring.reset(coverStart: start)
        }
        if !chunk { effects.append(.startReading(handle, offset: partition.nextOffset)) }
        for cursor in cursors {
            tryAttach(cursor)
            updateHunger(cursor)
            markDirty(cursor)
        }
    }
}
