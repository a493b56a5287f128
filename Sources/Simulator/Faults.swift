import DeliveryCore
import EventModel

// Replicas come, go, die; the broker is disturbed.
extension Simulation {
    func happen(_ event: Scenario.Event) {
        switch event {
        case .crash(let index, let span):
            guard replicas[index].isUp, !replicas[index].isLeaving else { return }
            replicas[index].effectsToLive = random.int(0...4)
            downFor[index] = span
            // Should it be idle, it dies all the same.
            let incarnation = replicas[index].incarnation
            after(.seconds(2)) { if $0.replicas[index].isAlive(incarnation) { $0.die(index) } }
        case .restart(let index):
            guard replicas[index].isUp, !replicas[index].isLeaving else { return }
            replicas[index].startAgain = true
            leave(index)
        case .join(let index): if !replicas[index].isUp, !isExpected(index) { start(index) }
        case .leave(let index): leave(index)
        case .evict(let index): evict(index)
        case .broker(let fault, let span):
            note(.fault, nil, Trace.word("\(fault)"), span.nanoseconds, text: "\(fault) for \(span)")
            broker.faults.append((fault, now + span))
        case .remove(let subscription, let span): remove(subscription, for: span)
        case .edit(let subscription): edit(subscription)
        }
    }

    /// A process that has crashed comes back by itself.
    private func isExpected(_ index: Int) -> Bool { downFor[index] != nil }

    func start(_ index: Int) {
        let replica = replicas[index]
        precondition(!replica.isUp)
        note(.start, replica)
        engines += 1
        var options = scenario.core
        options.seed = random.next()
        replica.core = DeliveryCore(options: options)
        replica.options = options
        replica.account = Account()
        replica.account.commitTokens = max(1, options.commitsPerSecond)
        replica.account.commitTokensAt = now
        replica.isUp = true
        replica.isLeaving = false
        replica.incarnation += 1
        step(index, .subscriptions(manifest))
        coordinator.members.append(index)
        coordinator.members.sort()
        rebalance()
    }

    private func leave(_ index: Int) {
        guard replicas[index].isUp, !replicas[index].isLeaving, replicas[index].effectsToLive == nil else { return }
        replicas[index].isLeaving = true
        note(.leave, replicas[index])
        coordinator.members.removeAll { $0 == index }
        rebalance()
        // With nobody else to go to, its partitions are revoked all the same.
        stopIfLeft(index)
    }

    /// Somebody has to finish the work: the last to leave comes back.
    func keepOneRunning() {
        if replicas.contains(where: { $0.isUp && !$0.isLeaving }) || !downFor.isEmpty { return }
        if let idle = replicas.first(where: { !$0.isUp }) { start(idle.index) } else { replicas[0].startAgain = true }
    }

    func stopIfLeft(_ index: Int) {
        let replica = replicas[index]
        guard replica.isUp, replica.isLeaving, !coordinator.seats.contains(where: { $0.owner == index }) else { return }
        if !replica.wasEvicted, !replica.attempts.values.allSatisfy({ $0.serial < 0 }) { violation(.ownership, "a process left with requests in flight") }
        stop(replica)
        if replica.startAgain {
            replica.startAgain = false
            after(.seconds(1)) { simulation in if !simulation.replicas[index].isUp { simulation.start(index) } }
        }
    }

    func die(_ index: Int) {
        let replica = replicas[index]
        note(.crash, replica)
        crashes += 1
        excuseRepetitions(of: coordinator.seats.filter { $0.owner == index }, heldBy: replica)
        stop(replica)
        coordinator.members.removeAll { $0 == index }
        after(.seconds(6)) { $0.expel(index) }
        let span = max(downFor[index] ?? .seconds(8), .seconds(7))
        downFor[index] = span
        after(span) { simulation in
            simulation.downFor[index] = nil
            if !simulation.replicas[index].isUp { simulation.start(index) }
        }
    }

    private func evict(_ index: Int) {
        let replica = replicas[index]
        guard replica.isUp, coordinator.members.contains(index), replica.effectsToLive == nil else { return }
        note(.evict, replica)
        let seats = coordinator.seats.filter { $0.owner == index && !$0.isArriving }
        let handles = seats.compactMap { replica.core.handle(of: name(of: $0)) }
        excuseRepetitions(of: seats, heldBy: replica)
        coordinator.members.removeAll { $0 == index }
        for i in coordinator.seats.indices where coordinator.seats[i].owner == index && coordinator.seats[i].isArriving {
            coordinator.seats[i].owner = nil
        }
        for reader in replica.readers where handles.contains(reader.handle) { replica.readers.removeAll { $0.handle == reader.handle } }
        replica.wasEvicted = true
        step(index, .lost(handles))
        // What it had sent is answered before anybody else owns the partitions.
        let incarnation = replica.incarnation
        after(.seconds(4)) { simulation in
            simulation.expel(index)
            simulation.stopIfLeft(index)
            guard replica.isAlive(incarnation), !replica.isLeaving else { return }
            simulation.coordinator.members.append(index)
            simulation.coordinator.members.sort()
            simulation.rebalance()
        }
    }

    private func stop(_ replica: Replica) {
        note(.stop, replica)
        replica.isUp = false
        replica.isLeaving = false
        replica.wasEvicted = false
        replica.effectsToLive = nil
        replica.readers = []
        replica.tokens = TokenTable()
        replica.attempts = [:]
        replica.diversions = [:]
        replica.handles = [:]
        replica.deadLetterDue = nil
        replica.hadBatches = false
        replica.drainsSince = [:]
        replica.standsStillSince = nil
        replica.inbox = []
        replica.isExpelled = false
        replica.tickAt = .distantFuture
    }

    func heard(_ report: Report, _ replica: Replica) {
        switch report {
        case .suspended(let id, _):
            let outlet = replica.account.outlets[id.index]
            if replica.account.ending?.subscription != id { violation(.reports, "\(outlet.policy.name) is suspended, and its endpoint did not ask for it") }
            replica.account.outlets[id.index].isSuspended = true
            suspended.insert(outlet.index)
        case .recordsLost: violation(.outcome, "records were lost")
        case .badMetadata: violation(.cursor, "metadata was not understood")
        case .drainTimedOut(let name, _):
            drainTimeouts += 1
            noteTimeout(name, replica)
        case .cursorFull(let id, let partition):
            cursorsFull += 1
            fullCursors.insert(cursorKey(id.map { .subscription($0) } ?? .retryTopic, partition, replica))
        case .cursorPlaced(let id, let partition, let offset):
            let group = id.map { CursorGroup.subscription($0) } ?? .retryTopic
            if let handle = replica.handles[partition] { noteMoved(group, handle, replica) }
            placed(cursorKey(group, partition, replica), at: offset, by: replica)
        case .circuitOpened(let id, _):
            circuitsOpened += 1
            judgeOpening(id, replica)
        case .circuitClosed(let id): judgeClosing(id, replica)
        case .dropped(let id, _, _): replica.account.outlets[id.index].counters.drops += 1
        case .deadLettered(let id, let kind, _):
            guard let due = replica.deadLetterDue, due.0 == id, due.1 == kind else { return violation(.reports, "a dead letter for \(kind) is reported that is none") }
            replica.deadLetterDue = nil
        case .diversionFailed: break
        }
    }
}
