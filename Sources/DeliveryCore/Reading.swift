import DequeModule
public import EventModel

// Records come in: into the ring and into the queues of the cursors that keep up, or straight to those that lag.
extension DeliveryCore {
    /// Whether the head of the partition should be read on: somebody who keeps up wants more, and there is memory.
    public func wantsRecords(_ handle: PartitionHandle, at instant: Instant) -> Bool {
        let partition = partitions[handle.index]
        return partition.phase == .reading && partition.hungryAttached > 0 && records.bytes < options.recordMemory && !isInDoubt
            && !isAhead(partition, at: instant)
    }

    /// Whether half of what was read still waits for requests to end. To read on would only push out of the ring what is sent next, and
    /// that would be read back from Kafka: subscriptions that take few of the events have hardly anything to wait for, and the head of a
    /// backlog runs away from one that takes all of them.
    ///
    /// Not for long, or those who keep up would wait for those who do not. Who is slow falls out of the ring then, and is read back for.
    private func isAhead(_ partition: PartitionState, at instant: Instant) -> Bool {
        guard partition.ring.bytes > readAheadLimit else { return false }
        // They are sent in about the order in which they came.
        let middle = partition.ring.entries[partition.ring.entries.count / 2]
        let record = records[middle.record]
        guard record.waiters > 0 else { return false }
        let age = instant - record.arrived
        if inFlight >= options.maxInFlight, partition.ring.bytes > ringLimit / 2 { return age < Self.patienceWithAll }
        return age < Self.patienceWithOne && isBacklog(partition) && awaitsRequests(middle, partition)
    }

    /// The process has as many requests under way as it may.
    private static var patienceWithAll: TimeSpan { .seconds(1) }
    /// A subscription has.
    private static var patienceWithOne: TimeSpan { .milliseconds(250) }

    /// As much again as the ring holds is still to be read. What comes in now waits for nobody.
    private func isBacklog(_ partition: PartitionState) -> Bool { partition.end - partition.nextOffset > partition.ring.entries.count }

    /// Whether somebody who takes this event from the ring has no room for another request. Not where it waits for company in its batch.
    private func awaitsRequests(_ entry: Ring.Entry, _ partition: PartitionState) -> Bool {
        for i in 0..<min(entry.matchCount, 16) {
            guard let cursor = partition.cursors[Int(partition.ring.matched(entry, at: i))], cursor.isAttached, let state = cursor.subscription
            else { continue }
            if !state.hasRoom, let last = cursor.pending.last, last.offset >= entry.offset { return true }
        }
        return false
    }

    /// In bytes, of each partition: how far the head of the log is read ahead of who takes all of it. What a process sends in some tenths of
    /// a second.
    private var readAheadLimit: Int {
        @inline(__always) get { min(ringLimit / 2, options.recordMemory / (64 * max(1, livePartitions))) }
    }

    /// In bytes, of each partition.
    private var ringLimit: Int { min(options.ringBytes, options.recordMemory / (2 * max(1, livePartitions))) }

    mutating func takeIn(_ batch: RecordBatch) {
        let partition = partitions[batch.partition.index]
        // What a reader of older records knows of the end may be old too.
        if batch.end >= 0 { partition.end = batch.isChunk ? max(partition.end, batch.end) : batch.end }
        if batch.isChunk { chunkEnded(partition) }
        guard partition.phase == .reading else {
            for record in batch.records { effects.append(.release(record.token)) }
            return
        }
        recordsConsumed += UInt64(batch.records.count)
        if partition.lane != nil {
            takeInRetries(batch, partition)
        } else if batch.isChunk {
            takeInChunk(batch, partition)
        } else {
            takeInHead(batch, partition)
        }
    }

    // MARK: The head of the log

    private mutating func takeInHead(_ batch: RecordBatch, _ partition: PartitionState) {
        var firstMatch = 0
        for record in batch.records {
            let matches = slots(of: record, in: batch, from: &firstMatch, partition)
            guard record.offset >= partition.nextOffset else {
                effects.append(.release(record.token))
                continue
            }
            partition.nextOffset = record.offset + 1
            partition.latest = max(partition.latest, record.timestamp)
            if matches.isEmpty {
                effects.append(.release(record.token))
                continue
            }
            let index = records.insert(record, arrived: now.instant)
            partition.ring.append(offset: record.offset, record: index, bytes: record.bytes, matches: matches)
            for slot in matches {
                guard let cursor = partition.cursors[Int(slot)], cursor.isAttached else { continue }
                offer(cursor, record.offset, index)
            }
        }
        if batch.nextOffset > partition.nextOffset { partition.nextOffset = batch.nextOffset }
        applyAdvances(partition)
        trimRing(partition)
        if partition.ring.bytes > readAheadLimit { setReadOnTimer() }
    }

    /// When patience ends, nothing else may happen that makes somebody ask `wantsRecords` again.
    private mutating func setReadOnTimer() {
        if readOnTimerIsSet { return }
        readOnTimerIsSet = true
        timers.set(.readOn, at: now.instant + Self.patienceWithOne)
    }

    mutating func readOn() {
        readOnTimerIsSet = false
        for topic in topicsInOrder {
            for partition in topic.partitions where partition.phase == .reading && isAhead(partition, at: now.instant) { return setReadOnTimer() }
        }
    }

    /// The slots a record matches. A poison record without any concerns every subscription of the topic.
    private func slots(
        of record: IncomingRecord, in batch: RecordBatch, from first: inout Int, _ partition: PartitionState
    ) -> ArraySlice<Int32> {
        defer { first += record.matches }
        if record.poison, record.matches == 0 { return partition.cursors.indices.filter { partition.cursors[$0] != nil }.map { Int32($0) }[...] }
        return batch.matches[first..<first + record.matches]
    }

    /// Forgets old records: all that nobody waits for, and the oldest when the ring is too large. A cursor that still
    /// waits for one of those lags from now on.
    mutating func trimRing(_ partition: PartitionState) {
        let limit = ringLimit
        let scarce = records.bytes > options.recordMemory / 4 * 3
        while let entry = partition.ring.entries.first {
            let isWanted = records[entry.record].waiters > 0
            guard partition.ring.bytes > (scarce ? limit / 4 : limit) || (!isWanted && partition.lagging == 0) else { break }
            if isWanted {
                for i in 0..<entry.matchCount {
                    let slot = Int(partition.ring.matched(entry, at: i))
                    // Its queue may begin with events from before the ring, read back while it lagged.
                    if let cursor = partition.cursors[slot], cursor.isAttached, let first = cursor.pending.first,
                        first.offset <= entry.offset
                    {
                        detach(cursor)
                    }
                }
            }
            _ = partition.ring.removeFirst(bytes: Int(records[entry.record].bytes))
            release(entry.record)
        }
    }

    // MARK: Cursors and the ring

    mutating func enqueue(_ cursor: Cursor, _ offset: Int64, _ record: RecordIndex) {
        guard let state = cursor.subscription else { return }
        let bytes = Int(records[record].bytes)
        records.retain(record)
        if cursor.isAttached { records.addWaiter(record, 1) }
        cursor.pending.append(Cursor.Pending(offset: offset, record: record))
        cursor.pendingBytes += bytes
        state.pendingCount += 1
        state.pendingBytes += bytes
        state.counters.routed += 1
        if cursor.windows == nil, !cursor.isQueued {
            cursor.isQueued = true
            state.queue.append(cursor)
        }
        updateHunger(cursor)
        markReady(state)
    }

    /// Empties a cursor's queue; it will read again from there.
    mutating func dropPending(_ cursor: Cursor) {
        if cursor.isAttached { return detach(cursor) }
        guard let first = cursor.pending.first else { return }
        cursor.position = first.offset
        emptyQueue(of: cursor)
    }

    /// The cursor no longer takes from the ring.
    mutating func detach(_ cursor: Cursor) {
        let position = cursor.pending.first?.offset ?? cursor.partition.nextOffset
        emptyQueue(of: cursor)
        cursor.isAttached = false
        cursor.position = position
        cursor.partition.lagging += 1
        // Counted among the attached until now.
        if cursor.isHungry {
            cursor.partition.hungryAttached -= 1
            cursor.isHungry = false
        }
        updateHunger(cursor)
    }

    private mutating func emptyQueue(of cursor: Cursor) {
        guard let state = cursor.subscription else { return }
        for entry in cursor.pending {
            if cursor.isAttached { records.addWaiter(entry.record, -1) }
            release(entry.record)
        }
        state.pendingCount -= cursor.pending.count
        state.pendingBytes -= cursor.pendingBytes
        state.counters.routed -= UInt64(cursor.pending.count)
        cursor.pending.removeAll()
        cursor.pendingBytes = 0
    }

    /// Lets a cursor take from the ring again, once it has caught up with what the ring covers.
    mutating func tryAttach(_ cursor: Cursor) {
        let partition = cursor.partition
        guard !cursor.isAttached, cursor.isLoaded, !cursor.isGone, !cursor.isMoving, partition.phase == .reading,
            cursor.subscription?.isFlowing ?? true
        else { return }
        let position = cursor.position
        guard position >= partition.ring.coverStart, position >= cursor.routedFrom, position <= partition.nextOffset else {
            return
        }
        if cursor.isHungry {
            partition.hungryLagging -= 1
            cursor.isHungry = false
        }
        // What it holds from reading back is held like what it takes from the ring.
        cursor.isAttached = true
        partition.lagging -= 1
        for entry in cursor.pending { records.addWaiter(entry.record, 1) }
        var i = partition.ring.entries.endIndex
        while i > 0, partition.ring.entries[i - 1].offset >= position { i -= 1 }
        // What is counted may suspend its subscription, and then the cursor takes nothing more.
        while cursor.isAttached, i < partition.ring.entries.endIndex {
            let entry = partition.ring.entries[i]
            if partition.ring.contains(cursor.slot, in: entry) { offer(cursor, entry.offset, entry.record) }
            i += 1
        }
        updateHunger(cursor)
    }

    /// Keeps the partition's counts of cursors that want more.
    mutating func updateHunger(_ cursor: Cursor) {
        let partition = cursor.partition
        let wants: Bool
        if cursor.isGone || cursor.isMoving || (cursor.isFull && cursor.windows == nil) || !cursor.isLoaded || partition.phase != .reading {
            wants = false
        } else if let state = cursor.subscription {
            wants = state.isFlowing && hasRoom(cursor)
        } else {
            wants = cursor.unsettled.count < options.retriesInMemory && partition.retryBytes < bytesPerCursor
                && !cursor.isCrowded(metadataLimit: options.metadataLimit)
        }
        guard wants != cursor.isHungry else { return }
        cursor.isHungry = wants
        if cursor.isAttached {
            partition.hungryAttached += wants ? 1 : -1
        } else {
            partition.hungryLagging += wants ? 1 : -1
            if wants, !partition.isInLine {
                partition.isInLine = true
                laggingPartitions.append(partition)
            }
        }
    }

    @inline(__always)
    private func hasRoom(_ cursor: Cursor) -> Bool {
        if cursor.isAttached { return cursor.pending.count < options.lookahead && cursor.pendingBytes < bytesPerCursor }
        // Who reads back waits until there is room for a good part of a chunk, and takes all of it: what it leaves is read again for it.
        // So it takes more than its share where few do and memory is free.
        let bytes = records.bytes < options.recordMemory / 4 ? options.ringBytes / 2 : bytesPerCursor
        guard cursor.isHungry else { return cursor.pending.count < options.lookahead && cursor.pendingBytes < max(1, bytes / 4) }
        return cursor.pending.count < 4 * options.lookahead && cursor.pendingBytes < bytes
    }

    /// What may wait for one cursor. All cursors together fill a quarter of the memory, so that those of slow endpoints
    /// leave room for the others.
    var bytesPerCursor: Int { min(options.ringBytes / 2, options.recordMemory / (4 * max(1, liveCursors))) }

    /// Rings give way when memory is used up: their records are the ones nobody may be waiting for, and without room
    /// nothing would be read that makes a ring forget.
    mutating func relieveMemory() {
        guard records.bytes >= options.recordMemory else { return }
        for topic in topicsInOrder { for partition in topic.partitions where partition.phase == .reading { trimRing(partition) } }
    }

    // MARK: Reading back

    /// Asks for one chunk per partition at a time, for its lagging cursors in turn.
    mutating func readForLagging() {
        if isInDoubt { return }
        for _ in 0..<laggingPartitions.count {
            guard let partition = laggingPartitions.popFirst() else { return }
            guard partition.phase == .reading, partition.hungryLagging > 0 else {
                partition.isInLine = false
                continue
            }
            laggingPartitions.append(partition)
            // As much as was asked for may come. One chunk is always allowed, or none would ever be where memory is small.
            let expected = chunksUnderWay * options.chunkBytes
            guard !partition.isReadingChunk, records.bytes < options.recordMemory,
                chunksUnderWay == 0 || records.bytes + expected + options.chunkBytes <= options.recordMemory
            else { continue }
            guard let cursor = nextHungryLagging(partition) else { continue }
            let until = max(partition.ring.coverStart, min(cursor.routedFrom, partition.nextOffset))
            precondition(cursor.position < until, "a cursor that has caught up is attached, not read back for")
            partition.isReadingChunk = true
            chunksUnderWay += 1
            effects.append(.readChunk(partition.handle, from: cursor.position, until: until))
        }
    }

    mutating func chunkEnded(_ partition: PartitionState) {
        guard partition.isReadingChunk else { return }
        partition.isReadingChunk = false
        chunksUnderWay -= 1
    }

    /// In turns; but every other chunk is for the one that is furthest behind. It takes along those that it passes, so that many who
    /// lag by different lengths, as after an outage of the host of all of them, soon read the same chunks.
    private mutating func nextHungryLagging(_ partition: PartitionState) -> Cursor? {
        partition.chunksAsked &+= 1
        if partition.chunksAsked.isMultiple(of: 2), let last = furthestBehind(partition) { return last }
        let count = partition.cursors.count
        for step in 0..<count {
            let i = (partition.nextLagging + step) % count
            guard let cursor = partition.cursors[i], cursor.isHungry, !cursor.isAttached else { continue }
            tryAttach(cursor)
            if cursor.isAttached { continue }
            partition.nextLagging = i + 1
            return cursor
        }
        return nil
    }

    private mutating func furthestBehind(_ partition: PartitionState) -> Cursor? {
        var last: Cursor?
        for case let cursor? in partition.cursors
        where cursor.isHungry && !cursor.isAttached && last.map({ cursor.position < $0.position }) ?? true { last = cursor }
        guard let last else { return nil }
        tryAttach(last)
        return last.isAttached ? nil : last
    }

    /// Hands a chunk out to all lagging cursors whose place lies in it, as much as each has room for.
    private mutating func takeInChunk(_ batch: RecordBatch, _ partition: PartitionState) {
        let from = batch.firstOffset
        // What lies beyond the head of the log comes from there, in its turn.
        let end = min(batch.nextOffset, partition.nextOffset)
        var takers: [Cursor] = []
        for case let cursor? in partition.cursors
        where cursor.isHungry && !cursor.isAttached && cursor.position >= from && cursor.position < end {
            takers.append(cursor)
        }
        var firstMatch = 0
        for record in batch.records {
            let matches = slots(of: record, in: batch, from: &firstMatch, partition)
            guard record.offset < end else {
                effects.append(.release(record.token))
                continue
            }
            let index = records.insert(record, arrived: now.instant)
            for slot in matches {
                guard let cursor = partition.cursors[Int(slot)], cursor.isHungry, !cursor.isAttached,
                    cursor.position >= from, record.offset >= cursor.position
                else { continue }
                // Before it is counted: that may suspend its subscription, and the cursor is to come to it again then.
                cursor.position = record.offset + 1
                offer(cursor, record.offset, index)
            }
            release(index)
        }
        for cursor in takers {
            // Still hungry: it had room for all of the chunk.
            if cursor.isHungry { cursor.position = end }
            tryAttach(cursor)
        }
        applyAdvances(partition)
    }
}
