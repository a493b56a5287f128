import DeliveryCore
import EventModel

// Replicas come, go, die; the broker is disturbed.
extension Simulation {
    func happen(_ event: Scenario.Event) {
        switch event {
        case .crash(let index, let span):
            guard replicas[index].isUp, !replicas[index].isLeaving else { return }
            crash(index, downFor: span)
        case .restart(let index):
            guard replicas[index].isUp, !replicas[index].isLeaving, !replicas[index].isStandingStill, !replicas[index].isExpelled else { return }
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
        case .change(let subscription, let change): self.change(subscription, change)
        case .standstill(let index, let span): standStill(index, for: span)
        case .crashAll(let span): for replica in replicas where replica.isUp { crash(replica.index, downFor: span) }
        case .crashLoop(let index, let times):
            guard replicas[index].isUp, !replicas[index].isLeaving else { return }
            replicas[index].crashesToCome = times
            crash(index, downFor: .seconds(7))
        case .clock(let index, let span):
            note(.fault, replicas[index], span.nanoseconds, text: "the clock jumps by \(span)")
            var clock = replicas[index].clock
            clock.offset = clock.offset + span
            replicas[index].setClock(clock, simulation: self)
        case .pause(let subscription, let span, let seek): pause(subscription, for: span, reset: seek)
        case .seek(let subscription, let seek): self.seek(subscription, seek)
        case .allow(let subscription, let perSecond): allow(subscription, perSecond)
        case .retain(let topic, let partition, let share): retain(topic, partition, share: share)
        case .compact(let topic, let partition, let share): compact(topic, partition, share: share)
        case .grow(let topic): grow(topic)
        case .producerFails(let index): producerFails(replicas[index])
        }
    }

    /// In the midst of what it does next.
    private func crash(_ index: Int, downFor span: TimeSpan) {
        let replica = replicas[index]
        guard replica.isUp, !replica.isLeaving, replica.effectsToLive == nil else { return }
        replica.effectsToLive = random.chance(0.7) ? random.int(0...4) : random.int(0...60)
        downFor[index] = span
        // Should it be idle, it dies all the same.
        let incarnation = replica.incarnation
        after(.seconds(2)) { if $0.replicas[index].isAlive(incarnation) { $0.die(index) } }
    }

    /// A process that has crashed comes back by itself.
    private func isExpected(_ index: Int) -> Bool { downFor[index] != nil }

    func start(_ index: Int) {
        let replica = replicas[index]
        precondition(!replica.isUp)
        note(.start, replica)
        engines += 1
        var options = replica.incarnation > 0 ? scenario.laterCore ?? scenario.core : scenario.core
        options.seed = random.next()
        replica.core = DeliveryCore(options: options)
        replica.core.identities = SimulatedIdentities(replica)
        replica.options = options
        replica.account = Account()
        replica.account.commitTokens = max(1, options.commitsPerSecond)
        replica.account.commitTokensAt = now
        replica.isUp = true
        replica.isLeaving = false
        replica.incarnation += 1
        if replica.crashesToCome > 0 {
            replica.crashesToCome -= 1
            crash(index, downFor: .seconds(7))
        }
        let incarnation = replica.incarnation
        for topic in broker.logs.indices {
            guard replica.isAlive(incarnation) else { return }
            // The retry topic is the last one.
            let index = topic == broker.logs.count - 1 ? -1 : topic
            step(replica.index, .partitionCount(topic: topicName(index), broker.logs[topic].count))
        }
        guard replica.isAlive(incarnation) else { return }
        step(index, .subscriptions(manifest))
        for subscription in paused.sorted() {
            guard replica.isAlive(incarnation) else { return }
            if let id = replica.core.subscription(named: scenario.subscriptions[subscription].name) { step(index, .pause(id)) }
        }
        for (subscription, limit) in allowedRates.sorted(by: { $0.key < $1.key }) {
            guard replica.isAlive(incarnation) else { return }
            if let id = replica.core.subscription(named: scenario.subscriptions[subscription].name) { step(index, .allowedRate(id, limit)) }
        }
        guard replica.isAlive(incarnation) else { return }
        coordinator.members.append(index)
        coordinator.members.sort()
        rebalance()
    }

    func leave(_ index: Int) {
        guard replicas[index].isUp, !replicas[index].isLeaving, replicas[index].effectsToLive == nil, !replicas[index].isStandingStill,
            !replicas[index].isExpelled
        else { return }
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
        guard replica.isUp, !replica.isStandingStill, !replica.isExpelled, replica.isLeaving, !coordinator.seats.contains(where: { $0.owner == index }) else { return }
        judgeDeparture(replica)
        stop(replica)
        if replica.startAgain {
            replica.startAgain = false
            after(.seconds(1)) { simulation in
                if !simulation.replicas[index].isUp, !simulation.isShuttingDown { simulation.start(index) }
            }
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
        guard replica.isUp, coordinator.members.contains(index), replica.effectsToLive == nil, !replica.isStandingStill else { return }
        note(.evict, replica)
        let seats = coordinator.seats.filter { $0.owner == index && !$0.isArriving }
        let handles = seats.compactMap { replica.core.handle(of: name(of: $0)) }
        excuseRepetitions(of: seats, heldBy: replica)
        coordinator.members.removeAll { $0 == index }
        for i in coordinator.seats.indices where coordinator.seats[i].owner == index && coordinator.seats[i].isArriving {
            coordinator.seats[i].owner = nil
        }
        replica.readers.removeAll { handles.contains($0.handle) }
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
        replica.waitingDrains = []
        replica.drainsWaitUntil = [:]
        replica.standsStillSince = nil
        replica.inbox = []
        replica.isExpelled = false
        replica.tickAt = .distantFuture
    }
}
