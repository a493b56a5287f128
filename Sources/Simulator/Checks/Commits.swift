import DeliveryCore
import EventModel

/// > Commits are continuous: when the last one is acknowledged and something changed, the next is sent (not more often
/// > than `commitInterval`; within a budget of requests per second for the whole process). Groups without members expire,
/// > so an idle cursor is committed again.
///
/// The commits of one group by one engine.
struct CommitBooks {
    /// The last one was sent.
    var sentAt: Instant? = nil
    /// The last one failed.
    var failedAt: Instant? = nil
    var isUnderWay = false
    var endedAt = Instant(nanoseconds: 0)
    /// Something is to be committed since then.
    var dirtySince: Instant? = nil
    var underWay: [CursorCommit] = []
    /// Its partitions, as they were assigned when it was sent.
    var handles: [PartitionHandle] = []
    /// What Kafka acknowledged or told, by partition.
    var acknowledged: [TopicPartitionName: (cursor: Broker.Committed, at: Instant)] = [:]
}

extension Simulation {
    /// A commit that failed is repeated no earlier: the broker has enough to do as it is.
    static let pauseAfterFailedCommit = TimeSpan.seconds(1)

    func judgeCommit(_ group: CursorGroup, _ commits: [CursorCommit], _ replica: Replica) {
        var books = replica.account.groups[group] ?? CommitBooks()
        let name = words(group, replica)
        if books.isUnderWay { violation(.commits, "two commits of \(name) at once") }
        if replica.account.isInDoubt { violation(.ownership, "a commit of \(name) while membership is in doubt") }
        if commits.isEmpty { violation(.commits, "an empty commit of \(name)") }
        var isLastWord = false
        if case .subscription(let id) = group { isLastWord = replica.account.outlets[id.index].isRemoved }
        if !isLastWord {
            if let sent = books.sentAt, now - sent < replica.options.commitInterval { violation(.commits, "\(name) is committed \(now - sent) after the last time") }
            if let failed = books.failedAt, now - failed < Self.pauseAfterFailedCommit { violation(.commits, "\(name) is committed \(now - failed) after that failed") }
            spendCommit(replica)
        }
        for commit in commits {
            let key = cursorKey(group, commit.partition, replica)
            if commits.filter({ $0.partition == commit.partition }).count > 1 { violation(.commits, "a cursor stands twice in a commit of \(name)") }
            judgeOwner(of: commit.partition, replica, "a commit of \(name)")
            if let known = books.acknowledged[commit.partition], known.cursor == Broker.Committed(commit), now - known.at < replica.options.idleCommitInterval {
                violation(.commits, "\(name) is committed on \(commit.partition) as it stands there: \(commit.offset)")
            }
            judgeCompleteness(key, commit, replica)
        }
        if let since = books.dirtySince {
            let waited = now - max(since, books.endedAt, replica.heldUpUntil)
            if waited > longestWaitForCommit(replica), !isBudgetShort(replica), !hasFullCursor(group, replica) { violation(.commits, "\(name) is committed \(waited) after something changed") }
        }
        books.dirtySince = nil
        books.sentAt = now
        books.isUnderWay = true
        books.underWay = commits
        books.handles = commits.compactMap { replica.handles[$0.partition] }
        replica.account.groups[group] = books
    }

    /// The interval, the pause after a failure, and the turn of all other groups in the budget.
    func longestWaitForCommit(_ replica: Replica) -> TimeSpan {
        let turns = Double(2 * (replica.account.outlets.count + 2)) / replica.options.commitsPerSecond
        return replica.options.commitInterval + Self.pauseAfterFailedCommit + .milliseconds(100 + Int64(turns * 1000))
    }

    /// Whether all groups together may want more commits than the budget has: those with most to lose go first then.
    private func isBudgetShort(_ replica: Replica) -> Bool {
        Double(replica.account.outlets.count + 1) > replica.options.commitsPerSecond * max(0.001, replica.options.commitInterval.seconds)
    }

    /// What a full cursor settles does not always change what is committed of it.
    private func hasFullCursor(_ group: CursorGroup, _ replica: Replica) -> Bool {
        if fullCursors.isEmpty { return false }
        guard case .subscription(let id) = group else { return fullCursors.contains { $0.subscription == nil } }
        return fullCursors.contains { $0.subscription == replica.account.outlets[id.index].index }
    }

    /// Something of a group changed that its engine must commit.
    func noteDirty(_ group: CursorGroup, _ replica: Replica) {
        if replica.account.groups[group, default: CommitBooks()].dirtySince == nil { replica.account.groups[group, default: CommitBooks()].dirtySince = now }
    }

    /// All that the engine knows to be settled stands in its commit, unless it has said that there is no room.
    private func judgeCompleteness(_ key: CursorKey, _ commit: CursorCommit, _ replica: Replica) {
        guard let settled = ledger.settledAhead(of: key), !fullCursors.contains(key) else { return }
        guard let ranges = CursorMetadata.decode(base: commit.offset, commit.metadata) else { return }
        for offset in settled where offset >= commit.offset && !ranges.covers(offset) {
            return violation(.commits, "\(offset) of \(key) is settled, and the commit of \(commit.offset) does not say so")
        }
    }

    /// The budget, as a bucket of tokens.
    private func spendCommit(_ replica: Replica) {
        let rate = replica.options.commitsPerSecond
        let elapsed = (now - replica.account.commitTokensAt).seconds
        replica.account.commitTokens = min(max(1, rate), replica.account.commitTokens + elapsed * rate) - 1
        replica.account.commitTokensAt = now
        // Rounding of many small additions.
        if replica.account.commitTokens < -0.001 { violation(.commits, "more than \(rate) commits a second") }
    }

    func noteCommitEnd(_ group: CursorGroup, succeeded: Bool, _ replica: Replica) {
        var books = replica.account.groups[group] ?? CommitBooks()
        books.isUnderWay = false
        books.endedAt = now
        let isOurs = books.handles.contains { replica.account.phases[$0] != .gone }
        if !succeeded, isOurs, books.dirtySince == nil { books.dirtySince = now }
        if succeeded {
            replica.account.commits += 1
            books.failedAt = nil
            for commit in books.underWay { books.acknowledged[commit.partition] = (Broker.Committed(commit), now) }
        } else {
            replica.account.commitFailures += 1
            books.failedAt = now
            for commit in books.underWay { books.acknowledged[commit.partition] = nil }
        }
        books.underWay = []
        replica.account.groups[group] = books
    }
}

extension ContiguousArray<Range<Int64>> {
    /// Whether one of these ranges, which ascend, contains an offset.
    func covers(_ offset: Int64) -> Bool {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].upperBound <= offset { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low].contains(offset)
    }
}
