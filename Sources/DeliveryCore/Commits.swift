import EventModel

// Cursors are committed continuously: when the last commit of a group is acknowledged and something changed, the next
// is sent, not more often than `commitInterval` and within a budget of requests for the whole shard.
extension DeliveryCore {
    mutating func markDirty(_ cursor: Cursor) {
        guard !cursor.isGone else { return }
        let group = cursor.group
        group.settled += 1
        if group.isWaiting { commitsWaiting.advance(group) }
        if !cursor.isDirty {
            cursor.isDirty = true
            group.dirty.append(cursor)
        }
        schedule(group)
    }

    mutating func markClean(_ cursor: Cursor) {
        guard cursor.isDirty else { return }
        cursor.isDirty = false
        cursor.group.dirty.removeAll { $0 === cursor }
    }

    private mutating func schedule(_ group: CommitGroup) {
        guard !group.isUnderWay, !group.timerIsSet, !group.isWaiting, !group.dirty.isEmpty else { return }
        group.timerIsSet = true
        timers.set(.commit(group.id), at: max(now.instant, group.earliestNext))
    }

    mutating func commitIsDue(_ group: CommitGroup) {
        group.timerIsSet = false
        guard !group.isUnderWay, !group.isWaiting, !group.dirty.isEmpty else { return }
        commitsWaiting.append(group)
    }

    /// Sends what the budget allows, those groups first that a crash would make repeat most.
    mutating func sendCommits() {
        guard !commitsWaiting.isEmpty, !isInDoubt else { return }
        let elapsed = (now.instant - commitTokensAt).seconds
        commitTokensAt = now.instant
        commitTokens = min(max(1, options.commitsPerSecond), commitTokens + elapsed * options.commitsPerSecond)
        while commitTokens >= 1, let group = commitsWaiting.popMostUrgent() {
            // Sent meanwhile, out of turn; its end schedules the next.
            if group.isUnderWay { continue }
            if send(group) { commitTokens -= 1 }
        }
        if !commitsWaiting.isEmpty, !commitBudgetTimerIsSet {
            commitBudgetTimerIsSet = true
            timers.set(.commitBudget, at: now.instant + .milliseconds(20))
        }
    }

    /// Commits what changed; false when nothing did.
    @discardableResult
    mutating func send(_ group: CommitGroup) -> Bool {
        precondition(!group.isUnderWay, "one commit of a group at a time")
        var entries: [CursorCommit] = []
        let dirty = group.dirty
        group.dirty.removeAll(keepingCapacity: true)
        group.settled = 0
        for cursor in dirty where !cursor.isGone {
            cursor.isDirty = false
            forgetOld(cursor)
            let base = cursor.base
            let (text, complete) = cursor.encodeSettled(limit: options.metadataLimit)
            setFull(cursor, !complete)
            // There may be room for more by now: also because what was settled before the start lies behind, in fewer runs.
            queueAgain(cursor)
            let isFresh = now.instant - cursor.committedAt < options.idleCommitInterval
            if base == cursor.committedOffset, text == cursor.committedMetadata, isFresh {
                cursor.settledSinceCommit = 0
                if isWaitedFor(cursor) { checkDone(cursor) }
                continue
            }
            precondition(base >= cursor.committedOffset, "a cursor never goes back by itself")
            if let windows = cursor.windows { windows.proposalIsSent() }
            cursor.sentOffset = base
            cursor.sentMetadata = text
            cursor.settledSinceCommit = 0
            cursor.isInCommit = true
            group.inCommit.append(cursor)
            entries.append(CursorCommit(partition: cursor.partition.name, offset: base, metadata: text))
        }
        guard !entries.isEmpty else { return false }
        group.isUnderWay = true
        group.earliestNext = now.instant + options.commitInterval
        effects.append(.commit(group.id, entries))
        return true
    }

    mutating func commitEnded(_ id: CursorGroup, _ succeeded: Bool, _ duration: TimeSpan) {
        let group = group(id)
        precondition(group.isUnderWay, "a commit ended twice")
        group.isUnderWay = false
        let cursors = group.inCommit
        group.inCommit.removeAll(keepingCapacity: true)
        if succeeded {
            commits += 1
            commitDuration.record(duration.seconds)
        } else {
            commitFailures += 1
            group.earliestNext = now.instant + .seconds(1)
        }
        for cursor in cursors {
            if cursor.isGone { mayRelease = true }
            cursor.isInCommit = false
            if succeeded {
                cursor.committedOffset = cursor.sentOffset
                cursor.committedMetadata = cursor.sentMetadata
                cursor.committedAt = now.instant
                // Somebody waits for it, and the next commit may be long in coming.
                if !cursor.isGone, isWaitedFor(cursor), isCommitted(cursor) { markClean(cursor) }
                advanceCommitted(cursor)
            } else {
                markDirty(cursor)
            }
            checkDone(cursor)
        }
        if isInDoubt, !group.lastCommit.isEmpty { leavingInDoubt.append(group) } else { goOnAfterCommit(group) }
        // The partition may have come back meanwhile, and be on its way to somebody else.
        for cursor in cursors where cursor.isGone {
            for partition in cursor.partition.topic.partitions where partition.name == cursor.partition.name { checkDrained(partition) }
        }
        schedule(group)
    }

    /// Nothing of a group is under way any more: what is left of a removed one is sent, or those load who waited for this.
    private mutating func goOnAfterCommit(_ group: CommitGroup) {
        if sendLast(group) { return }
        for waiting in [group, group.successor] { if let waiting { loadWaiting(waiting) } }
        group.successor = nil
    }

    // MARK: Removed subscriptions

    /// Before the cursors of a group go: what they would commit if they could now.
    mutating func prepareLastCommit(_ group: CommitGroup) {
        for cursor in group.dirty where !cursor.isGone && !cursor.isRefresh {
            forgetOld(cursor)
            let offset = cursor.base
            let metadata = cursor.encodeSettled(limit: options.metadataLimit).text
            let isSaid =
                cursor.isInCommit
                ? offset == cursor.sentOffset && metadata == cursor.sentMetadata
                : offset == cursor.committedOffset && metadata == cursor.committedMetadata
            if isSaid { continue }
            cursor.isInLastCommit = true
            group.lastCommit.append((cursor, offset, metadata))
        }
        if !group.lastCommit.isEmpty, !group.isUnderWay { leavingInDoubt.append(group) }
    }

    /// False when nothing is left to be committed, or only of partitions that are somebody else's by now.
    private mutating func sendLast(_ group: CommitGroup) -> Bool {
        var entries: [CursorCommit] = []
        for (cursor, offset, metadata) in group.lastCommit {
            cursor.isInLastCommit = false
            if cursor.partition.phase == .gone {
                mayRelease = true
                continue
            }
            cursor.sentOffset = offset
            cursor.sentMetadata = metadata
            cursor.isInCommit = true
            group.inCommit.append(cursor)
            entries.append(CursorCommit(partition: cursor.partition.name, offset: offset, metadata: metadata))
        }
        group.lastCommit = []
        guard !entries.isEmpty else { return false }
        group.isUnderWay = true
        effects.append(.commit(group.id, entries))
        return true
    }

    /// There is no more doubt.
    mutating func sendLastCommits() {
        let leaving = leavingInDoubt
        leavingInDoubt.removeAll()
        for group in leaving where !group.isUnderWay { goOnAfterCommit(group) }
    }

    private func isCommitted(_ cursor: Cursor) -> Bool {
        cursor.base == cursor.committedOffset && cursor.encodeSettled(limit: options.metadataLimit).text == cursor.committedMetadata
    }

    /// A cursor whose settled offsets do not fit the metadata takes nothing more until its oldest event is settled.
    private mutating func setFull(_ cursor: Cursor, _ isFull: Bool) {
        guard cursor.isFull != isFull else { return }
        cursor.isFull = isFull
        if isFull { report(.cursorFull(cursor.subscription?.id, cursor.partition.name)) }
        updateHunger(cursor)
    }

    /// Now and then: cursors that only passed over events that did not match, and idle ones before their group expires.
    mutating func sweep() {
        timers.set(.sweep, at: now.instant + options.coldCommitInterval)
        for topic in topicsInOrder {
            for partition in topic.partitions where partition.phase == .reading {
                for case let cursor? in partition.cursors where cursor.isLoaded && !cursor.isDirty {
                    let isOld = now.instant - cursor.committedAt >= options.idleCommitInterval
                    if let state = cursor.subscription, !state.isRunning {
                        // Somebody may have moved it meanwhile with Kafka's own tools: what stands there is committed again.
                        if isOld { refresh(cursor, of: state) }
                    } else if isOld || cursor.base != cursor.committedOffset {
                        markDirty(cursor)
                    }
                }
            }
        }
    }
}
