import DeliveryCore
import EventModel

/// > **A cursor never passes an unsettled offset**, and only the current owner of the partition moves it.
///
/// Nothing is begun for a partition that an engine was told it lost, that it is giving up, or that it may have lost while it
/// stood still; and a partition is let go only when nothing of it is under way and its cursors are committed.
extension Simulation {
    /// Something goes out for a partition.
    func judgeOwner(of name: TopicPartitionName, _ replica: Replica, _ what: @autoclosure () -> String) {
        guard let handle = replica.handles[name], let phase = replica.account.phases[handle], phase != .gone else {
            return violation(.ownership, "\(what()) on \(name), which is not its replica's")
        }
        let seat = coordinator.seats.first { self.name(of: $0) == name }
        if seat?.owner != replica.index { violation(.ownership, "\(what()) on \(name), which the group gave to \(seat?.owner.map { "replica \($0)" } ?? "nobody")") }
    }

    func judgeDoubt(_ replica: Replica, _ what: @autoclosure () -> String) {
        if replica.account.isInDoubt { violation(.ownership, "\(what()) while membership is in doubt") }
    }

    /// Something of a partition is read.
    func judgeReading(_ handle: PartitionHandle, _ replica: Replica) {
        let phase = replica.account.phases[handle]
        if phase != .loading, phase != .reading { violation(.ownership, "a partition is read that is \(phase.map { "\($0)" } ?? "unknown")") }
    }

    /// A partition is let go.
    func judgeRelease(_ handle: PartitionHandle, _ replica: Replica) {
        guard replica.account.phases[handle] == .draining else {
            return violation(.ownership, "a partition is let go that is \(replica.account.phases[handle].map { "\($0)" } ?? "unknown")")
        }
        replica.account.phases[handle] = .gone
        replica.account.forget(handle)
        if replica.account.timedOut.contains(handle) { return }
        if let until = replica.drainsWaitUntil[handle], now - until > longestWaitForCommit(replica) {
            violation(.ownership, "a partition is let go \(now - until) after there was something to wait for")
        }
        if replica.attempts.values.contains(where: { $0.serial >= 0 && $0.handles.contains(handle) }) { violation(.ownership, "a partition is let go with requests in flight") }
        if replica.diversions.values.contains(where: { $0.handle == handle }) { violation(.ownership, "a partition is let go with records under way to other topics") }
        let name = replica.core.name(of: handle)
        // The last commit of a removed subscription is waited for when that comes back.
        let commits = replica.account.groups.filter { !replica.account.isRemoved($0.key) && $0.value.isUnderWay }
        if commits.values.contains(where: { $0.underWay.contains { $0.partition == name } }) {
            violation(.ownership, "a partition is let go with a commit of it under way")
        }
        for key in cursors(on: name) {
            if fullCursors.contains(key) { excuseWhatDidNotFit(key) }
            if let offset = ledger.uncommitted(key, broker.committed[key]) {
                violation(.ownership, "a partition is let go with \(offset) of \(key) settled and not committed")
            }
        }
    }

    /// The cursors of subscriptions that exist, or the retry topic's.
    private func cursors(on name: TopicPartitionName) -> [CursorKey] {
        let topic = topicIndex(name.topic)
        let subscriptions = topic < 0 ? [nil] : scenario.subscriptions.indices.filter { !removed.contains($0) }.map { Optional($0) }
        return subscriptions.map { CursorKey(subscription: $0, topic: topic, partition: name.partition) }
    }

    /// A full cursor's metadata holds its first ranges; what was settled beyond them comes again.
    private func excuseWhatDidNotFit(_ key: CursorKey) {
        let committed = broker.committed[key]
        let ranges = committed.flatMap { CursorMetadata.decode(base: $0.offset, $0.metadata) } ?? []
        for offset in ledger.takeUncommitted(key, committed, from: ranges.last?.upperBound ?? committed?.offset ?? 0) { excuse(offset, key) }
    }

    /// Drains end: finished, or at their limit.
    func noteTimeout(_ name: TopicPartitionName, _ replica: Replica) {
        guard let handle = replica.handles[name] else { return }
        replica.account.timedOut.insert(handle)
        if let since = replica.drainsSince[handle], now - since < replica.options.drainLimit {
            violation(.ownership, "a drain is given up after \(now - since)")
        }
        if !isWaitedFor(handle, replica) { violation(.ownership, "a drain is given up with nothing to wait for") }
    }
}

extension Simulation {
    /// A partition that is given up goes as soon as nothing of it is under way: what is so after a step is so until the next.
    func noteDrains(_ replica: Replica) {
        let draining = replica.drainsSince.keys.filter { replica.account.phases[$0] == .draining }
        replica.waitingDrains = draining.filter { isWaitedFor($0, replica) }
    }

    func noteWaitingDrains(_ replica: Replica) {
        for handle in replica.waitingDrains { replica.drainsWaitUntil[handle] = now }
    }

    /// Whether something of a partition is under way, or some commit is or has to be repeated.
    private func isWaitedFor(_ handle: PartitionHandle, _ replica: Replica) -> Bool {
        let account = replica.account
        return account.isInDoubt || now - replica.heldUpUntil < replica.options.drainLimit
            || replica.attempts.values.contains { $0.handles.contains(handle) } || replica.diversions.values.contains { $0.handle == handle }
            || account.tries.contains { $0.key.handle == handle && $0.value.isUnderWay }
            || account.groups.values.contains { $0.isUnderWay || $0.failedAt != nil || $0.dirtySince != nil }
            || account.groups.values.contains { $0.sentAt.map { now - $0 <= replica.options.commitInterval } ?? false }
            || cursors(on: replica.core.name(of: handle)).contains {
                ledger.uncommitted($0, broker.committed[$0]) != nil || ledger.placements[$0]?.replica == replica.index
            }
    }
}

extension Account {
    /// A partition is not this engine's any more.
    mutating func forget(_ handle: PartitionHandle) {
        for item in tries.keys where item.handle == handle && !(tries[item]!.isUnderWay || tries[item]!.diversion != nil) { tries[item] = nil }
        if phases[handle] == .gone { for group in groups.keys { groups[group]!.dirtySince = nil } }
        moving = moving.filter { $0.handle != handle }
    }

    func isRemoved(_ group: CursorGroup) -> Bool {
        guard case .subscription(let id) = group else { return false }
        return outlets[id.index].isRemoved
    }

    func isMoving(_ item: Item) -> Bool {
        guard let id = item.subscription, !moving.isEmpty else { return false }
        return moving.contains(Place(subscription: id, handle: item.handle))
    }
}
