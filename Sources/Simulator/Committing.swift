import DeliveryCore
import EventModel

// A replica asks Kafka for cursors, and commits them.
extension Simulation {
    private func cursorDelay(_ key: CursorKey) -> ClosedRange<Int> {
        guard let subscription = key.subscription, !isHealed else { return EndpointPlan.promptCursors }
        return scenario.endpoints[subscription].cursorDelay
    }

    func loadCursors(_ group: CursorGroup, _ handles: [PartitionHandle], _ replica: Replica) {
        for handle in handles {
            let key = cursorKey(group, replica.core.name(of: handle), replica)
            answer(replica, after: milliseconds(cursorDelay(key))) { simulation in
                if simulation.broker.isDisturbed(.lookupsFail, at: simulation.now) {
                    return simulation.answer(replica, after: .seconds(1)) { $0.loadCursors(group, [handle], replica) }
                }
                let stored: StoredCursor =
                    if let committed = simulation.broker.committed[key] {
                        .committed(offset: committed.offset, metadata: committed.metadata)
                    } else {
                        .none
                    }
                simulation.step(replica.index, .cursorLoaded(group, handle, stored))
            }
        }
    }

    func resolveStart(_ group: CursorGroup, _ handle: PartitionHandle, _ position: StartPosition, _ replica: Replica) {
        let key = cursorKey(group, replica.core.name(of: handle), replica)
        answer(replica, after: milliseconds(cursorDelay(key))) { simulation in
            if simulation.broker.isDisturbed(.lookupsFail, at: simulation.now) {
                return simulation.answer(replica, after: .seconds(1)) { $0.resolveStart(group, handle, position, replica) }
            }
            let log = simulation.broker.log(key.topic, key.partition)
            let offset: Int64 =
                switch position {
                case .earliest: log.start
                case .latest: log.end
                case .time(let time): log.records.first { $0.timestamp >= time }?.offset ?? log.end
                }
            simulation.step(replica.index, .startResolved(group, handle, offset: offset))
        }
    }

    func commit(_ group: CursorGroup, _ commits: [CursorCommit], _ replica: Replica) {
        let entries = commits.map { (key: cursorKey(group, $0.partition, replica), commit: $0, handle: replica.handles[$0.partition]) }
        judgeCommit(group, commits, replica)
        let isSlow = broker.isDisturbed(.commitsSlow, at: now)
        let there = isSlow ? milliseconds(random.chance(0.1) ? 2000...15_000 : 100...2000) : milliseconds(1...10)
        let incarnation = replica.incarnation
        let sent = now
        let subscription = entries[0].key.subscription ?? -1
        commitsUnderWay[subscription, default: 0] += 1
        after(there) { simulation in
            simulation.commitsUnderWay[subscription]! -= 1
            // What a dead process has sent arrives or does not.
            if !replica.isAlive(incarnation), simulation.random.chance(0.5) { return }
            var failed = simulation.broker.isDisturbed(.commitsFail, at: simulation.now)
            let isTaken = !failed || simulation.random.chance(0.3)
            simulation.note(isTaken ? .commitArrived : .commitRefused, replica, Int64(entries[0].key.subscription ?? -1), Int64(entries.count), text: "\(simulation.words(group, replica)), \(entries.count) partitions")
            // Of one that is not the owner any more nothing arrives: a commit that was on its way for so long is the one gap
            // that the documentation names (docs/ARCHITECTURE.md, fencing).
            for entry in entries where isTaken && simulation.owner(of: entry.key) == replica.index {
                // Nor of an assignment that is over, though the partition has come back.
                if replica.isAlive(incarnation), replica.handles[entry.commit.partition] != entry.handle { continue }
                simulation.committed(entry.key, entry.commit, by: replica, incarnation)
            }
            let isAnswerLost = simulation.broker.isDisturbed(.answersLost, at: simulation.now) && simulation.random.chance(0.7)
            failed = failed || (isSlow && simulation.random.chance(0.2)) || isAnswerLost
            // The answer is for the process that asked, not for the one that was started since.
            guard replica.isAlive(incarnation) else { return }
            simulation.answer(replica, after: isAnswerLost ? .seconds(5) : simulation.milliseconds(1...10)) { simulation in
                simulation.noteCommitEnd(group, succeeded: !failed, replica)
                simulation.step(replica.index, .commitEnded(group, succeeded: !failed, duration: simulation.now - sent))
            }
        }
    }
}
