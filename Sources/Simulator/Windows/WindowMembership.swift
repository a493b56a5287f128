import DeliveryCore
import EventModel

// Replicas come and go, partitions move between them, and faults happen.
extension WindowSimulation {
    func happen(_ event: WindowScenario.Event) {
        if isHealed { return }
        switch event {
        case .crash(let index, let span): crash(replicas[index], downFor: span)
        case .crashAll(let span): for replica in replicas { crash(replica, downFor: span) }
        case .restart(let index):
            let replica = replicas[index]
            guard replica.isUp, !replica.isLeaving, replica.effectsToLive == nil else { return }
            replica.startAgain = true
            leave(replica)
        case .join(let index): if !replicas[index].isUp, downFor[index] == nil { start(replicas[index]) }
        case .leave(let index): leave(replicas[index])
        case .evict(let index): evict(replicas[index])
        case .broker(let fault, let span):
            note(.fault, nil, Trace.word("\(fault)"), span.nanoseconds, text: "\(fault) for \(span)")
            disturbances.append((fault, now + span))
        case .pause(let subscription, let span): pause(subscription, for: span)
        case .seek(let subscription, let target): seek(subscription, target)
        case .producerFails(let index): producerFails(replicas[index])
        }
    }

    func isDisturbed(_ fault: Scenario.BrokerFault) -> Bool { disturbances.contains { $0.fault == fault && now < $0.until } }

    // MARK: Processes

    func start(_ replica: WindowReplica) {
        precondition(!replica.isUp)
        note(.start, replica)
        var options = scenario.core
        options.seed = random.next()
        replica.reset(options: options)
        replica.isUp = true
        replica.isLeaving = false
        replica.incarnation += 1
        for (i, topic) in scenario.topics.enumerated() { step(replica, .partitionCount(topic: topic.name, logs[i].count)) }
        step(replica, .subscriptions(policies))
        for (i, policy) in policies.enumerated() {
            let id = replica.core.subscription(named: policy.name)!
            if paused.contains(i) { step(replica, .pause(id)) }
        }
        askForEnds(replica)
        coordinator.members.append(replica.index)
        coordinator.members.sort()
        rebalance()
    }

    /// In the midst of what it does next.
    private func crash(_ replica: WindowReplica, downFor span: TimeSpan) {
        guard replica.isUp, !replica.isLeaving, replica.effectsToLive == nil else { return }
        replica.effectsToLive = random.chance(0.7) ? random.int(0...4) : random.int(0...40)
        downFor[replica.index] = span
        // Should it be idle, it dies all the same.
        let incarnation = replica.incarnation
        after(.seconds(2)) { if replica.isAlive(incarnation) { $0.die(replica) } }
    }

    func die(_ replica: WindowReplica) {
        note(.crash, replica)
        crashes += 1
        excuseRepetitions(of: coordinator.seats.filter { $0.owner == replica.index }, heldBy: replica)
        stop(replica)
        coordinator.members.removeAll { $0 == replica.index }
        after(.seconds(6)) { $0.expel(replica) }
        let span = max(downFor[replica.index] ?? .zero, .seconds(7))
        downFor[replica.index] = span
        after(span) { simulation in
            simulation.downFor[replica.index] = nil
            if !replica.isUp { simulation.start(replica) }
        }
    }

    func leave(_ replica: WindowReplica) {
        guard replica.isUp, !replica.isLeaving, replica.effectsToLive == nil else { return }
        replica.isLeaving = true
        note(.leave, replica)
        coordinator.members.removeAll { $0 == replica.index }
        rebalance()
        // With nobody else to go to, its partitions are revoked all the same.
        stopIfLeft(replica)
    }

    /// Somebody has to finish the work: the last to leave comes back.
    func keepOneRunning() {
        if replicas.contains(where: { $0.isUp && !$0.isLeaving }) || !downFor.isEmpty { return }
        if let idle = replicas.first(where: { !$0.isUp }) { start(idle) } else { replicas[0].startAgain = true }
    }

    private func stopIfLeft(_ replica: WindowReplica) {
        guard replica.isUp, replica.isLeaving, !coordinator.seats.contains(where: { $0.owner == replica.index }) else { return }
        checkDeparture(of: replica)
        stop(replica)
        guard replica.startAgain else { return }
        replica.startAgain = false
        after(.seconds(1)) { if !replica.isUp, !$0.isShuttingDown { $0.start(replica) } }
    }

    private func stop(_ replica: WindowReplica) {
        note(.stop, replica)
        replica.isUp = false
        replica.isLeaving = false
        replica.effectsToLive = nil
    }

    /// The group gives its partitions to others without asking it.
    private func evict(_ replica: WindowReplica) {
        guard replica.isUp, coordinator.members.contains(replica.index), replica.effectsToLive == nil else { return }
        note(.evict, replica)
        let seats = coordinator.seats.filter { $0.owner == replica.index && !$0.isArriving }
        let handles = seats.compactMap { replica.core.handle(of: name(of: $0)) }
        excuseRepetitions(of: seats, heldBy: replica)
        coordinator.members.removeAll { $0 == replica.index }
        for i in coordinator.seats.indices where coordinator.seats[i].owner == replica.index && coordinator.seats[i].isArriving {
            coordinator.seats[i].owner = nil
        }
        for handle in handles { gone(handle, replica) }
        replica.wasEvicted = true
        step(replica, .lost(handles))
        // What it had sent is answered before anybody else owns the partitions.
        let incarnation = replica.incarnation
        after(.seconds(4)) { simulation in
            simulation.expel(replica)
            guard replica.isAlive(incarnation) else { return }
            simulation.stopIfLeft(replica)
            guard replica.isAlive(incarnation), !replica.isLeaving else { return }
            simulation.coordinator.members.append(replica.index)
            simulation.coordinator.members.sort()
            simulation.rebalance()
        }
    }

    // MARK: Partitions

    private func rebalance() {
        let target = coordinator.target()
        var given = [Int: [Int]]()
        for i in coordinator.seats.indices {
            let seat = coordinator.seats[i]
            guard seat.owner != target[i], !seat.isRevoking, !seat.isArriving else { continue }
            if let owner = seat.owner {
                coordinator.seats[i].isRevoking = true
                let (replica, incarnation) = (replicas[owner], replicas[owner].incarnation)
                after(milliseconds(1...20)) { simulation in
                    guard replica.isAlive(incarnation), simulation.coordinator.seats[i].owner == owner,
                        let handle = replica.core.handle(of: simulation.name(of: simulation.coordinator.seats[i]))
                    else { return }
                    simulation.step(replica, .revoking([handle]))
                }
            } else if let member = target[i] {
                coordinator.seats[i].owner = member
                coordinator.seats[i].isArriving = true
                given[member, default: []].append(i)
            }
        }
        for member in coordinator.members {
            guard let seats = given[member] else { continue }
            let (replica, incarnation) = (replicas[member], replicas[member].incarnation)
            after(milliseconds(1...50)) { simulation in
                for i in seats { simulation.coordinator.seats[i].isArriving = false }
                guard replica.isAlive(incarnation) else { return }
                let mine = seats.filter { simulation.coordinator.seats[$0].owner == member }
                simulation.step(replica, .assigned(mine.map { simulation.name(of: simulation.coordinator.seats[$0]) }))
                simulation.rebalance()
            }
        }
    }

    func released(_ handle: PartitionHandle, by replica: WindowReplica) {
        let name = replica.core.name(of: handle)
        guard let i = coordinator.seats.firstIndex(where: { self.name(of: $0) == name && $0.owner == replica.index }), coordinator.seats[i].isRevoking else {
            return violation(.ownership, "a partition was released that nobody asked its releaser for: \(name)")
        }
        checkRelease(of: handle, coordinator.seats[i], by: replica)
        gone(handle, replica)
        let incarnation = replica.incarnation
        after(milliseconds(1...20)) { simulation in
            guard replica.incarnation == incarnation, simulation.coordinator.seats[i].owner == replica.index else { return }
            simulation.coordinator.seats[i].owner = nil
            simulation.coordinator.seats[i].isRevoking = false
            simulation.rebalance()
            if replica.isAlive(incarnation) { simulation.stopIfLeft(replica) }
        }
    }

    private func gone(_ handle: PartitionHandle, _ replica: WindowReplica) {
        replica.handles = replica.handles.filter { $0.value != handle }
        replica.readers[handle.index] = nil
    }

    /// The session has timed out: what the member owned is free.
    private func expel(_ replica: WindowReplica) {
        note(.expel, replica)
        for i in coordinator.seats.indices where coordinator.seats[i].owner == replica.index {
            coordinator.seats[i].owner = nil
            coordinator.seats[i].isRevoking = false
            coordinator.seats[i].isArriving = false
        }
        rebalance()
    }

    func owner(of key: CursorKey) -> Int? { coordinator.seats.first { $0.topic == key.topic && $0.partition == key.partition }?.owner }

    // MARK: Operators

    private func pause(_ subscription: Int, for span: TimeSpan) {
        guard paused.insert(subscription).inserted else { return }
        note(.fault, nil, Int64(subscription), text: "subscription \(subscription) is paused for \(span)")
        tellAll(subscription) { .pause($0) }
        after(span) { if $0.paused.contains(subscription) { $0.resume(subscription) } }
    }

    func resume(_ subscription: Int) {
        note(.fault, nil, Int64(subscription), text: "subscription \(subscription) is resumed")
        paused.remove(subscription)
        tellAll(subscription) { .resume($0) }
    }

    private func seek(_ subscription: Int, _ target: CursorTarget) {
        note(.fault, nil, Int64(subscription), text: "subscription \(subscription) is sent to \(target)")
        let topic = topicIndex(policies[subscription].topic)
        for replica in replicas where replica.isUp {
            let incarnation = replica.incarnation
            guard let id = replica.core.subscription(named: policies[subscription].name) else { continue }
            for partition in logs[topic].indices {
                let name = TopicPartitionName(topic: policies[subscription].topic, partition: Int32(partition))
                guard replica.isAlive(incarnation), let handle = replica.core.handle(of: name) else { continue }
                var target = target
                if case .offset(let offset) = target { target = .offset(min(offset, logs[topic][partition].end)) }
                step(replica, .seek(id, [handle], target))
            }
        }
    }

    private func tellAll(_ subscription: Int, _ input: (SubscriptionID) -> Input) {
        for replica in replicas where replica.isUp {
            if let id = replica.core.subscription(named: policies[subscription].name) { step(replica, input(id)) }
        }
    }
}
