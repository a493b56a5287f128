import DequeModule
import EventModel

// The engine keeps many counts beside what they count, because it asks for them with every event. Here they are counted
// anew, for the simulator and for tests: one that drifts stalls a subscription or lets memory grow, perhaps after days.
extension DeliveryCore {
    /// What does not agree, in words. Nothing, between any two steps.
    package func audit() -> [String] {
        var found = Discrepancies()
        let items = itemsInHand()
        auditRecords(items, &found)
        auditRequests(&found)
        auditRetired(items, &found)
        for state in subscriptions { audit(state, &found) }
        for cursor in subscriptions.flatMap(\.cursors) where !cursor.isMoving && cursor.partition.phase == .reading {
            if let order = cursor.order { audit(order, items.filter { $0.cursor === cursor }, &found) }
        }
        let unsettled = byCursor(items)
        let underWay = byCursor(deliveries.flatMap(\.items) + diversions.compactMap(\.item))
        for partition in partitions where partition.phase != .gone { audit(partition, unsettled: unsettled, underWay: underWay, &found) }
        auditRetries(items, &found)
        auditReading(&found)
        let groups = subscriptions.map(\.group) + [retryGroup]
        for group in groups { audit(group, &found) }
        let waiting = commitsWaiting.groups
        found.expect("groups in the line for a commit", commitsWaiting.count, waiting.count)
        found.expect("groups that wait there, by themselves", groups.count(where: \.isWaiting), Set(waiting.map(ObjectIdentifier.init)).count)
        found.demand(waiting.allSatisfy(\.isWaiting), "who has a place in the line for a commit knows of it")
        return found.texts
    }

    /// Every event that was taken, wherever it is.
    private func itemsInHand() -> [Item] {
        var items: [Item] = []
        for delivery in deliveries { items += delivery.items }
        for diversion in diversions { if let item = diversion.item { items.append(item) } }
        for case let entry? in held where !entry.isForgotten { items.append(entry.item) }
        for state in subscriptions {
            items += state.again
            items += state.stalled
            for part in state.parts { items += part }
            for cursor in state.cursors { if let order = cursor.order { items += order.lines.values.flatMap(\.followers) } }
        }
        return items
    }

    private func byCursor(_ items: [Item]) -> [ObjectIdentifier: Int] {
        var counts: [ObjectIdentifier: Int] = [:]
        for item in items { counts[ObjectIdentifier(item.cursor), default: 0] += 1 }
        return counts
    }

    // MARK: Records

    private func auditRecords(_ items: [Item], _ found: inout Discrepancies) {
        var references = [Int32](repeating: 0, count: records.entries.count)
        var waiters = references
        for item in items { references[Int(item.record)] += 1 }
        for partition in partitions where partition.phase != .gone {
            for entry in partition.ring.entries { references[Int(entry.record)] += 1 }
            for case let cursor? in partition.cursors {
                for record in cursor.windows?.records ?? [] { references[Int(record)] += 1 }
                for next in cursor.pending {
                    references[Int(next.record)] += 1
                    if cursor.isAttached { waiters[Int(next.record)] += 1 }
                }
            }
        }
        for (i, entry) in records.entries.enumerated() {
            found.expect("references to record \(i)", entry.references, references[i])
            if entry.references > 0 { found.expect("cursors that wait for record \(i)", entry.waiters, waiters[i]) }
        }
        found.expect("bytes of records", records.bytes, records.entries.reduce(0) { $0 + ($1.references > 0 ? Int($1.bytes) : 0) })
    }

    private func bytes(of items: some Sequence<Item>) -> Int { items.reduce(0) { $0 + bytes(of: $1) } }

    // MARK: Requests, diversions, and what waits for its time

    private func auditRequests(_ found: inout Discrepancies) {
        let underWay = deliveries.filter { $0.owner != nil }
        found.expect("requests in flight", inFlight, underWay.count)
        found.expect("bytes in flight", inFlightBytes, underWay.reduce(0) { $0 + bytes(of: $1.items) })
        found.expect("free deliveries", Set(freeDeliveries).count, deliveries.count - underWay.count)
        found.expect("deliveries that are free twice", freeDeliveries.count - Set(freeDeliveries).count, 0)
        found.expect("free diversions", Set(freeDiversions).count, diversions.count { $0.item == nil })
        found.expect("diversions that are free twice", freeDiversions.count - Set(freeDiversions).count, 0)
        found.expect("free places for held events", Set(freeHeld).count, held.count { $0 == nil })
        for diversion in diversions where diversion.pausesUntil != nil {
            found.demand(diversion.item.map { !abandoned($0) } ?? false, "a diversion that pauses is of an event that is ours")
        }
        found.expect("diversions held back without doubt", isInDoubt ? 0 : diversionsInDoubt.count, 0)
        found.expect("subscriptions to be looked at for what waits", overfull.count, 0)
    }

    // MARK: What is gone

    /// What is let go with the next step must not be referred to, and what is not has something under way.
    private func auditRetired(_ items: [Item], _ found: inout Discrepancies) {
        let idle = Set(retired.lazy.filter { !$0.isWantedStill }.map { ObjectIdentifier($0.cursor) })
        found.demand(idle.isEmpty || mayRelease, "cursors that are gone and of which nothing is under way are let go")
        found.demand(idle.isDisjoint(with: items.map { ObjectIdentifier($0.cursor) }), "no event is of a cursor that is let go")
        for entry in retired { found.demand(entry.cursor.isGone, "a cursor that is kept for its end is gone") }
        for state in subscriptions { found.demand(state.queue.allSatisfy { !$0.isGone }, "no cursor that is gone has its turn at \(state.policy.name)") }
    }

    /// The partitions and cursors that there are, for a test that sees them go.
    package var kept: [AnyObject] {
        partitions + partitions.flatMap { $0.cursors.compactMap { $0 } } + retired.map(\.cursor) + retired.map(\.partition)
    }

    // MARK: Subscriptions

    private func audit(_ state: SubscriptionState, _ found: inout Discrepancies) {
        let name = state.policy.name
        let inFlight = deliveries.filter { $0.owner === state }
        let held = self.held.compactMap { $0 }.filter { !$0.isForgotten && $0.state === state }
        found.expect("requests in flight of \(name)", state.inFlight, inFlight.count)
        found.expect("bytes in flight of \(name)", state.inFlightBytes, inFlight.reduce(0) { $0 + bytes(of: $1.items) })
        found.expect("held events of \(name)", state.held, held.count)
        found.expect("held bytes of \(name)", state.heldBytes, held.reduce(0) { $0 + bytes(of: $1.item) })
        found.expect("stalled bytes of \(name)", state.stalledBytes, bytes(of: state.stalled))
        found.expect("pending events of \(name)", state.pendingCount, state.cursors.reduce(0) { $0 + $1.pending.count })
        found.expect("pending bytes of \(name)", state.pendingBytes, state.cursors.reduce(0) { $0 + $1.pendingBytes })
        found.expect("open windows of \(name)", state.openWindows, state.cursors.reduce(0) { $0 + ($1.windows?.openCount ?? 0) })
        found.expect("complete windows of \(name)", state.completeWindows, state.cursors.reduce(0) { $0 + ($1.windows?.complete.count ?? 0) })
        found.expect(
            "poison records under way of \(name)", state.poisonUnderWay,
            diversions.count { $0.item != nil && $0.owner === state && $0.kind == .poison })
        found.expect("places of \(name) in line", (state.isReady ? 1 : 0) - (state.isCrowdedOut ? 1 : 0), ready.count { $0 === state })
        found.expect("places of \(name) in the crowd", state.isInCrowd ? 1 : 0, crowdedOut.count { $0 === state })
        for cursor in state.cursors {
            found.expect("turns of a cursor of \(name)", cursor.isQueued ? 1 : 0, state.queue.count { $0 === cursor })
            if cursor.hasNext, mayTake(cursor) { found.demand(cursor.isQueued, "a cursor of \(name) with events has its turn") }
        }
        var waiting = held.map(\.item)
        waiting += state.again
        waiting += state.stalled
        for part in state.parts { waiting += part }
        found.demand(waiting.allSatisfy { !$0.cursor.isGone && !$0.cursor.isMoving }, "what waits for \(name) is ours")
        let isHalted = !state.isRunning
        found.demand(!isHalted || !state.isFlowing, "\(name), which is halted, reads nothing")
        found.demand(isHalted || state.circuit.state != .closed || state.isFlowing, "\(name) reads")
        if isHalted || state.circuit.state == .open {
            // Late events may be read for the next probe.
            let isReadingLate = state.policy.window?.late == .deliver && state.isFlowing
            found.demand((state.again.isEmpty || isReadingLate) && state.parts.isEmpty, "\(name), which sends nothing, has nothing to send")
        }
        // What is of a partition that is being given up goes with it.
        let stalled = state.stalled.filter { $0.cursor.partition.phase == .reading }
        if isHalted { found.demand(stalled.isEmpty && state.pendingCount == 0, "\(name), which is halted, keeps nothing in memory") }
    }

    // MARK: Partitions and their cursors

    private func audit(
        _ partition: PartitionState, unsettled: [ObjectIdentifier: Int], underWay: [ObjectIdentifier: Int], _ found: inout Discrepancies
    ) {
        let name = partition.name
        let cursors = partition.cursors.compactMap { $0 }
        let all = cursors + retired.filter { $0.partition === partition }.map(\.cursor)
        for cursor in all { found.expect("a cursor's work on \(name)", cursor.busy, underWay[ObjectIdentifier(cursor)] ?? 0) }
        found.expect("work on \(name)", partition.busy, all.reduce(0) { $0 + $1.busy })
        found.expect("bytes in the ring of \(name)", partition.ring.bytes, partition.ring.entries.reduce(0) { $0 + Int(records[$1.record].bytes) })
        found.expect("hungry cursors on \(name) that keep up", partition.hungryAttached, cursors.count { $0.isHungry && $0.isAttached })
        found.expect("hungry cursors on \(name) that lag", partition.hungryLagging, cursors.count { $0.isHungry && !$0.isAttached })
        if partition.phase == .loading { found.expect("cursors to load on \(name)", partition.cursorsToLoad, cursors.count { !$0.isLoaded }) }
        if partition.phase == .reading, partition.isStarted {
            found.expect("cursors on \(name) that lag", partition.lagging, cursors.count { $0.isLoaded && !$0.isAttached })
        }
        for cursor in cursors { self.audit(cursor, unsettled: unsettled[ObjectIdentifier(cursor)] ?? 0, &found) }
    }

    private func audit(_ cursor: Cursor, unsettled: Int, _ found: inout Discrepancies) {
        let name = cursor.partition.name
        let isReading = cursor.partition.phase == .reading
        found.expect("pending bytes on \(name)", cursor.pendingBytes, cursor.pending.reduce(0) { $0 + Int(records[$1.record].bytes) })
        let mayRead = cursor.isLoaded && !cursor.isMoving && (!cursor.isFull || cursor.windows != nil) && isReading
        found.demand(mayRead || !cursor.isHungry, "a cursor on \(name) that must not read wants nothing")
        if mayRead, cursor.subscription?.isFlowing ?? true, cursor.pending.isEmpty, cursor.unsettled.isEmpty {
            found.demand(cursor.isHungry, "a cursor on \(name) that has nothing wants something")
        }
        if cursor.isAttached { found.demand(isReading && cursor.subscription?.isFlowing ?? true, "a cursor on \(name) that keeps up reads") }
        if isReading, !cursor.isMoving {
            let kept = cursor.windows.map { $0.unsettledCount - $0.openCount - $0.complete.count } ?? cursor.unsettled.count
            found.expect("unsettled events of a cursor on \(name)", kept, unsettled)
            if let windows = cursor.windows { found.expect("what is under way of a cursor on \(name)", windows.underWay, unsettled) }
        }
    }

    private func audit(_ order: KeyOrder, _ items: [Item], _ found: inout Discrepancies) {
        let followers = order.lines.values.reduce(0) { $0 + bytes(of: $1.followers) }
        let holders = items.filter { $0.key != nil }
        found.expect("bytes of ordered events", order.bytes, followers + bytes(of: holders))
        for (key, line) in order.lines {
            let ours = holders.filter { $0.key == key }
            found.expect("holders of a key", line.holders, ours.count)
            // Windows are in order of their ends.
            let isInOrder = line.followers.allSatisfy { follower in ours.allSatisfy { $0.isWindow || $0.offset < follower.offset } }
            found.demand(isInOrder, "a key's line is in order")
        }
    }

    private func auditRetries(_ items: [Item], _ found: inout Discrepancies) {
        var bytes: [ObjectIdentifier: Int] = [:]
        for item in items where item.isRetryRecord { bytes[ObjectIdentifier(item.cursor), default: 0] += self.bytes(of: item) }
        for partition in partitions where partition.lane != nil && partition.phase == .reading {
            guard case let cursor?? = partition.cursors.first else { continue }
            found.expect("bytes of retry records of \(partition.name)", partition.retryBytes, bytes[ObjectIdentifier(cursor)] ?? 0)
        }
    }

    private func auditReading(_ found: inout Discrepancies) {
        let live = partitions.filter { $0.phase != .gone }
        found.expect("partitions", livePartitions, live.count)
        found.expect("cursors", liveCursors, live.reduce(0) { $0 + $1.cursors.count { $0 != nil } })
        found.expect("subscriptions", liveSubscriptions, subscriptions.count { !$0.isRemoved })
        found.expect("chunks under way", chunksUnderWay, live.count { $0.isReadingChunk })
        for partition in live {
            found.expect("places of \(partition.name) in line", partition.isInLine ? 1 : 0, laggingPartitions.count { $0 === partition })
            if partition.hungryLagging > 0 { found.demand(partition.isInLine, "\(partition.name), on which cursors lag, is in line") }
        }
    }

    /// Those who have taken all that was read of a partition and wait for more.
    package func idle(on handle: PartitionHandle) -> [SubscriptionID] {
        partitions[handle.index].cursors.compactMap { cursor in
            guard let cursor, cursor.isAttached, cursor.isHungry, cursor.pending.isEmpty, !cursor.holdsEvents else { return nil }
            return cursor.subscription?.id
        }
    }

    // MARK: Commits

    private func audit(_ group: CommitGroup, _ found: inout Discrepancies) {
        found.demand(group.dirty.allSatisfy(\.isDirty) && group.dirty.allSatisfy { !$0.isGone }, "what is to be committed of \(group.id) has changed")
        found.demand(group.inCommit.allSatisfy(\.isInCommit), "what is being committed of \(group.id) knows of it")
        found.demand(group.isUnderWay != group.inCommit.isEmpty, "a commit of \(group.id) is of something")
        found.demand(group.dirty.isEmpty || group.isUnderWay || group.timerIsSet || group.isWaiting, "what changed of \(group.id) will be committed")
        found.demand(
            group.toLoad.isEmpty || group.isUnderWay || group.predecessor?.isLeaving ?? false, "the cursors of \(group.id) will be loaded")
        for partition in partitions where partition.phase != .gone {
            for case let cursor? in partition.cursors where cursor.group === group {
                found.expect("dirty cursors of \(group.id)", cursor.isDirty ? 1 : 0, group.dirty.count { $0 === cursor })
                found.expect("cursors of \(group.id) in its commit", cursor.isInCommit ? 1 : 0, group.inCommit.count { $0 === cursor })
            }
        }
    }
}

/// What was found to disagree.
private struct Discrepancies {
    private(set) var texts: [String] = []

    mutating func expect<Number: BinaryInteger>(_ what: @autoclosure () -> String, _ kept: Number, _ counted: Number) {
        if kept != counted { texts.append("\(what()): \(kept) by the engine's count, \(counted) in fact") }
    }

    /// - Parameter what: what should be so.
    mutating func demand(_ isSo: Bool, _ what: @autoclosure () -> String) {
        if !isSo { texts.append("not so: \(what())") }
    }
}
