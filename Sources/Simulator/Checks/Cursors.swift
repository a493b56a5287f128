import DeliveryCore
import EventModel

/// > **A cursor never passes an unsettled offset**, and only the current owner of the partition moves it.
///
/// A cursor goes forward, but for an operator's word, and what is committed can be read by the next owner.
extension Simulation {
    /// A commit has reached the broker.
    func committed(_ key: CursorKey, _ commit: CursorCommit, by replica: Replica, _ incarnation: Int) {
        guard let ranges = CursorMetadata.decode(base: commit.offset, commit.metadata) else {
            return violation(.cursor, "a commit's metadata cannot be read: \(commit.metadata)")
        }
        if commit.metadata.utf8.count > replica.options.metadataLimit { violation(.cursor, "a commit's metadata is too long") }
        let previous = broker.committed[key]
        var from = previous?.offset
        var isPlaced = false
        // A process that has ended may have the last word, late: its successor does not know of it.
        let isLate = !replica.isAlive(incarnation)
        if let placement = ledger.placements[key], placement.replica == replica.index, placement.incarnation == incarnation {
            ledger.placements[key] = nil
            ledger.starts[key] = placement.offset
            ledger.withdraw(key, from: placement.offset, upTo: placement.serial)
            from = placement.offset
            isPlaced = true
        }
        if from == nil, isLate {
            ledger.starts[key] = commit.offset
            from = commit.offset
        }
        guard let from else { return violation(.cursor, "a cursor was committed that was never placed") }
        if commit.offset < from {
            // That a dead process takes back what its successor has committed nobody can prevent, and nothing is lost by it;
            // here it gets lost, or each check would have to tell it apart.
            if isLate { return }
            if !lateCommits.contains(key) { violation(.cursor, "the cursor \(key) went back from \(from) to \(commit.offset)") }
            excuseRepetitions(of: key, from: commit.offset)
        }
        judgeSettlement(key, from, commit.offset)
        for range in ranges { judgeSettlement(key, range.lowerBound, range.upperBound) }
        if let previous, !isPlaced, !isLate, !lateCommits.contains(key) { judgeMemory(key, previous, commit.offset, ranges) }
        if isLate { lateCommits.insert(key) } else { lateCommits.remove(key) }
        broker.committed[key] = Broker.Committed(commit)
        ledger.committed(key, upTo: commit.offset)
    }

    /// What was once said to be settled is said as long as the cursor has not passed it.
    private func judgeMemory(_ key: CursorKey, _ previous: Broker.Committed, _ base: Int64, _ ranges: ContiguousArray<Range<Int64>>) {
        guard !previous.metadata.isEmpty, !fullCursors.contains(key) else { return }
        let log = broker.log(key.topic, key.partition)
        for range in CursorMetadata.decode(base: previous.offset, previous.metadata) ?? [] where range.upperBound > base {
            var i = log.index(of: max(base, range.lowerBound))
            while i < log.records.count, log.records[i].offset < range.upperBound {
                let offset = log.records[i].offset
                i += 1
                if ranges.covers(offset) { continue }
                return violation(.cursor, "\(offset) of \(key) was committed as settled, and the commit of \(base) says nothing of it")
            }
        }
    }

    /// The engine says where a cursor starts, or goes on by an operator's word: what lies beyond is to come, once more if it
    /// has come before.
    func placed(_ key: CursorKey, at offset: Int64, by replica: Replica) {
        ledger.memoryStarts[key] = max(offset, ledger.memoryStarts[key] ?? 0)
        // The owner's word counts, not that of a zombie that does not know yet what it has lost.
        if let present = ledger.placements[key], present.replica != replica.index, present.replica == owner(of: key) { return }
        ledger.placements[key] = Ledger.Placement(
            offset: offset, serial: ledger.outcomesSoFar, replica: replica.index, incarnation: replica.incarnation)
        excuseRepetitions(of: key, from: offset)
    }

    /// An operator has moved a cursor with Kafka's own tools, while nobody uses it.
    func reset(_ key: CursorKey, to offset: Int64) {
        excuseRepetitions(of: key, from: offset)
        ledger.starts[key] = offset
        ledger.memoryStarts[key] = max(offset, ledger.memoryStarts[key] ?? 0)
        ledger.withdraw(key, from: offset, upTo: ledger.outcomesSoFar)
        broker.committed[key] = Broker.Committed(offset: offset, metadata: "")
    }

    private func excuseRepetitions(of key: CursorKey, from offset: Int64) {
        let log = broker.log(key.topic, key.partition)
        var i = log.index(of: offset)
        while i < log.records.count {
            if ledger.hasOutcome(Carrier(cursor: key, offset: log.records[i].offset)) { excuse(log.records[i], key) }
            i += 1
        }
        ledger.forgetAhead(key)
    }
}
