import DeliveryCore
import EventModel

// A replica's side of the world: steps its engine and performs the effects, with virtual delays.
extension WindowSimulation {
    func step(_ replica: WindowReplica, _ input: Input) {
        precondition(replica.isUp, "a process that does not run takes nothing in")
        narrate(input, replica)
        latestWall = max(latestWall, moment(of: replica).wall)
        replica.effects.removeAll(keepingCapacity: true)
        replica.core.step(input, at: moment(of: replica), into: &replica.effects)
        didTake(input, replica)
        steps += 1
        let incarnation = replica.incarnation
        // Where a cursor begins is said behind what comes of it, if there is a ring that it takes from at once.
        for case .report(.cursorPlaced(let id, let partition, let offset)) in replica.effects { isPlaced(id, partition, offset, replica) }
        for effect in replica.effects {
            if let left = replica.effectsToLive {
                if left == 0 { return die(replica) }
                replica.effectsToLive = left - 1
            }
            narrate(effect, replica)
            perform(effect, replica)
            guard replica.isAlive(incarnation) else { return }
        }
        checkKeeping(replica)
        pump(replica)
        setTick(replica)
    }

    private func didTake(_ input: Input, _ replica: WindowReplica) {
        switch input {
        case .subscriptions:
            for policy in policies { replica.keeper.policies[replica.core.subscription(named: policy.name)!] = policy }
        case .assigned(let names): for name in names { replica.handles[name] = replica.core.handle(of: name) }
        default: break
        }
    }

    private func setTick(_ replica: WindowReplica) {
        guard let due = replica.core.nextWakeup, due < replica.tickAt || replica.tickAt <= now else { return }
        replica.tickAt = due
        let incarnation = replica.incarnation
        agenda.note(at: max(due, now)) { simulation in
            guard replica.isAlive(incarnation), replica.tickAt == due else { return }
            replica.tickAt = .distantFuture
            simulation.step(replica, .tick)
        }
    }

    private func perform(_ effect: Effect, _ replica: WindowReplica) {
        switch effect {
        case .loadCursors(let group, let handles): for handle in handles { loadCursor(group, handle, replica) }
        case .resolveStart(let group, let handle, let position): resolveStart(group, handle, position, replica)
        case .startReading(let handle, let offset): startReading(handle, offset, replica)
        case .readChunk(let handle, let from, let until): readChunk(handle, from, until, replica)
        case .attempt(let id): attempt(id, replica)
        case .cancel(let id): cancel(id, replica)
        case .divert(let id): divert(id, replica)
        case .commit(let group, let commits): commit(group, commits, replica)
        case .release(let token): replica.keeper.giveBack(token)
        case .released(let handle): released(handle, by: replica)
        case .report(let report): heard(report, replica)
        }
    }

    /// Later, if the process still lives then.
    func answer(_ replica: WindowReplica, after span: TimeSpan, _ action: @escaping Action) {
        let incarnation = replica.incarnation
        after(span) { if replica.isAlive(incarnation) { action($0) } }
    }

    private func isPlaced(_ id: SubscriptionID?, _ partition: TopicPartitionName, _ offset: Int64, _ replica: WindowReplica) {
        guard let id, let handle = replica.handles[partition] else { return }
        let key = key(id, partition, replica)
        let course = WindowCourse(key, scenario.subscriptions[key.subscription!], start: offset)
        courses.append(course)
        follow(course, at: WindowReplica.Place(subscription: id, partition: handle), replica)
    }

    private func heard(_ report: Report, _ replica: WindowReplica) {
        switch report {
        case .suspended(let id, _):
            let subscription = subscriptionIndex(replica.core.subscription(id).name)
            after(milliseconds(1_000...10_000)) { if !$0.isShuttingDown { $0.resume(subscription) } }
        case .drainTimedOut(let name, _): if let handle = replica.handles[name] { replica.timedOut.insert(handle) }
        case .cursorFull(let id, let name):
            guard let id, let handle = replica.handles[name] else { return }
            replica.courses[WindowReplica.Place(subscription: id, partition: handle)]?.wasFull = true
        case .repeatDropped(let id, let partition, let offset):
            guard let handle = replica.handles[partition], let course = replica.courses[WindowReplica.Place(subscription: id, partition: handle)] else { return }
            course.follow(log(course.key))
            if !course.repeats.contains(offset) { violation(.settlement, "\(course.key): @\(offset) is dropped as a repeat, and is none") }
        case .dropped(let id, .windowLate, _, _): drops[subscriptionIndex(replica.core.subscription(id).name), default: 0] += 1
        case .badMetadata: violation(.cursor, "metadata was not understood")
        case .recordsLost: violation(.reports, "records are reported as lost, and none were")
        case .cursorPlaced, .circuitOpened, .circuitClosed, .deadLettered, .dropped, .keyHeld, .diversionFailed, .setAside: break
        }
    }

    func follow(_ course: WindowCourse, at place: WindowReplica.Place, _ replica: WindowReplica) {
        replica.courses[place] = course
        replica.lastSent[place] = nil
    }

    // MARK: Cursors

    private func cursorDelay(_ group: CursorGroup, _ replica: WindowReplica) -> ClosedRange<Int> {
        guard case .subscription(let id) = group, !isHealed else { return EndpointPlan.promptCursors }
        return scenario.endpoints[subscriptionIndex(replica.core.subscription(id).name)].cursorDelay
    }

    private func loadCursor(_ group: CursorGroup, _ handle: PartitionHandle, _ replica: WindowReplica) {
        guard case .subscription(let id) = group else { return violation(.effects, "the retry topic has no partitions here") }
        answer(replica, after: milliseconds(cursorDelay(group, replica))) { simulation in
            if simulation.isDisturbed(.lookupsFail) { return simulation.answer(replica, after: .seconds(1)) { $0.loadCursor(group, handle, replica) } }
            let key = simulation.key(id, replica.core.name(of: handle), replica)
            guard let stored = simulation.stored[key] else { return simulation.step(replica, .cursorLoaded(group, handle, .none)) }
            if stored.course.wasFull { stored.course.excuseUncommitted() }
            simulation.follow(stored.course, at: WindowReplica.Place(subscription: id, partition: handle), replica)
            simulation.step(replica, .cursorLoaded(group, handle, .committed(offset: stored.offset, metadata: stored.metadata)))
        }
    }

    private func resolveStart(_ group: CursorGroup, _ handle: PartitionHandle, _ position: StartPosition, _ replica: WindowReplica) {
        answer(replica, after: milliseconds(cursorDelay(group, replica))) { simulation in
            if simulation.isDisturbed(.lookupsFail) { return simulation.answer(replica, after: .seconds(1)) { $0.resolveStart(group, handle, position, replica) } }
            let name = replica.core.name(of: handle)
            let log = simulation.logs[simulation.topicIndex(name.topic)][Int(name.partition)]
            let offset: Int64 =
                switch position {
                case .earliest: 0
                case .latest: log.end
                case .time(let time): log.records.first { $0.timestamp >= time }?.offset ?? log.end
                }
            simulation.step(replica, .startResolved(group, handle, offset: offset))
        }
    }

    private func commit(_ group: CursorGroup, _ commits: [CursorCommit], _ replica: WindowReplica) {
        guard case .subscription(let id) = group else { return violation(.effects, "the retry topic has no cursors here") }
        var entries: [(key: CursorKey, handle: PartitionHandle, stored: Stored)] = []
        for commit in commits {
            guard let handle = replica.handles[commit.partition], let course = replica.courses[WindowReplica.Place(subscription: id, partition: handle)] else {
                return violation(.ownership, "a commit on \(commit.partition), which is not its replica's")
            }
            guard let claim = check(commit, course) else { return }
            entries.append((course.key, handle, Stored(offset: commit.offset, metadata: commit.metadata, claim: claim, course: course)))
        }
        let isSlow = isDisturbed(.commitsSlow)
        let incarnation = replica.incarnation
        let sent = now
        after(isSlow ? milliseconds(random.chance(0.1) ? 2000...15_000 : 100...2000) : milliseconds(1...10)) { simulation in
            // What a dead process has sent arrives or does not.
            if !replica.isAlive(incarnation), simulation.random.chance(0.5) { return }
            let fails = simulation.isDisturbed(.commitsFail)
            let isTaken = !fails || simulation.random.chance(0.3)
            simulation.note(isTaken ? .commitArrived : .commitRefused, replica, Int64(id.index), Int64(entries.count), text: "\(entries[0].key), \(entries.count) partitions")
            // Of one that is not the owner any more nothing arrives, nor of an assignment that is over though the partition came back.
            for entry in entries where isTaken && simulation.owner(of: entry.key) == replica.index {
                if replica.isAlive(incarnation) ? !replica.isHeld(entry.handle) : replica.incarnation != incarnation { continue }
                simulation.take(entry.stored)
            }
            let isAnswerLost = simulation.isDisturbed(.answersLost) && simulation.random.chance(0.7)
            let succeeded = !fails && !isAnswerLost
            guard replica.isAlive(incarnation) else { return }
            simulation.answer(replica, after: isAnswerLost ? .seconds(5) : simulation.milliseconds(1...10)) {
                $0.step(replica, .commitEnded(group, succeeded: succeeded, duration: $0.now - sent))
            }
        }
    }

    /// A commit has reached the broker.
    private func take(_ commit: Stored) {
        let course = commit.course
        checkAdvance(of: commit)
        if course.take(advancesOf: commit.claim, log(course.key)) { checkWhatWentOut(course) }
        course.committed(commit.claim)
        stored[course.key] = commit
    }

    // MARK: Diversions

    private func divert(_ id: DiversionID, _ replica: WindowReplica) {
        let view = replica.core.diversion(id)
        guard let subscription = view.subscription, let cargo = cargo(view.item, subscription, replica) else { return }
        checkDiversion(view, cargo)
        if view.item.isRetryRecord { violation(.effects, "a retry record that is none") }
        serial += 1
        let serial = serial
        replica.diversions[id.index] = WindowReplica.Diversion(serial: serial, cargo: cargo)
        let incarnation = replica.incarnation
        after(isDisturbed(.producesSlow) ? milliseconds(100...3000) : milliseconds(1...10)) { simulation in
            if !replica.isAlive(incarnation), simulation.random.chance(0.5) { return }
            let fails = simulation.isDisturbed(.producesFail)
            // A failure after the record was written: the next try writes it again.
            let isWritten = !fails || simulation.random.chance(0.1)
            simulation.note(isWritten ? .written : .writeRefused, replica, Int64(id.index), text: "diversion \(id.index)")
            if fails, isWritten { cargo.course.excuse(cargo.name) }
            if isWritten {
                if view.target == .deadLetter { cargo.course.deadLettered(cargo.name) } else { cargo.course.retried(cargo.name) }
                simulation.checkRepetition(cargo)
            }
            guard replica.isAlive(incarnation) else { return }
            simulation.answer(replica, after: simulation.milliseconds(1...10)) { simulation in
                guard replica.diversions[id.index]?.serial == serial else { return }
                replica.diversions[id.index] = nil
                if fails { return simulation.step(replica, .diversionFailed(id, .refused("not enough replicas"))) }
                if replica.holds(cargo) { cargo.course.told(cargo.name) }
                simulation.step(replica, .diverted(id))
            }
        }
    }

    /// A new producer takes its place; of what was under way some has been written, and nobody knows what.
    func producerFails(_ replica: WindowReplica) {
        guard replica.isUp else { return }
        note(.fault, replica, text: "the producer fails")
        let incarnation = replica.incarnation
        for (index, diversion) in replica.diversions.sorted(by: { $0.key < $1.key }) {
            guard replica.isAlive(incarnation) else { return }
            diversion.cargo.course.excuse(diversion.cargo.name)
            replica.diversions[index] = nil
            step(replica, .diversionFailed(DiversionID(index: index), .refused("the producer cannot go on")))
        }
    }

    // MARK: Requests

    private func attempt(_ id: DeliveryID, _ replica: WindowReplica) {
        let delivery = replica.core.delivery(id)
        let policy = replica.core.subscription(delivery.subscription)
        let subscription = subscriptionIndex(policy.name)
        var load: [WindowReplica.Cargo] = []
        for i in 0..<delivery.count {
            let item = replica.core.item(i, of: delivery)
            guard let cargo = cargo(item, delivery.subscription, replica) else { return }
            checkAttempt(cargo, isFirst: delivery.attempt == 1, replica)
            load.append(cargo)
        }
        if load.isEmpty { return violation(.effects, "a request without events") }
        if load.count > policy.batch?.maxEvents ?? 1 { violation(.limits, "a request with \(load.count) events") }
        if replica.attempts[id.index] != nil { violation(.effects, "a delivery's number was used again too early") }
        serial += 1
        let serial = serial
        replica.attempts[id.index] = WindowReplica.Attempt(serial: serial, cargo: load)
        attempts += 1
        let sent = now
        after(.milliseconds(1)) { simulation in
            let answer = simulation.scenario.endpoints[subscription].answer(
                to: load.map(simulation.identity), at: simulation.elapsed, healed: simulation.isHealed, timeout: policy.delivery.timeout, &simulation.endpointRandom)
            simulation.note(.answer, replica, Int64(id.index), answer.accepted ? 1 : 0, Int64(answer.outcome.status), answer.after.nanoseconds,
                text: "request \(id.index) is \(answer.accepted ? "accepted" : "refused"): \(answer.outcome.message), in \(answer.after)")
            if answer.accepted {
                for cargo in load {
                    // A timed out request that was accepted all the same: the sender cannot know.
                    if answer.outcome.failure != nil { cargo.course.excuse(cargo.name) }
                    simulation.checkLine(cargo)
                    cargo.course.accepted(cargo.name)
                    simulation.checkRepetition(cargo)
                }
            }
            simulation.answer(replica, after: answer.after) { simulation in
                guard replica.attempts[id.index]?.serial == serial else { return }
                simulation.ended(id, answer.outcome, sent, replica)
            }
        }
    }

    private func ended(_ id: DeliveryID, _ outcome: AttemptOutcome, _ sent: Instant, _ replica: WindowReplica) {
        let attempt = replica.attempts.removeValue(forKey: id.index)!
        if outcome.failure == nil, (200..<300).contains(outcome.status) {
            for cargo in attempt.cargo where replica.holds(cargo) { cargo.course.told(cargo.name) }
        }
        step(replica, .attemptEnded(id, outcome, duration: now - sent))
    }

    private func cancel(_ id: DeliveryID, _ replica: WindowReplica) {
        guard let attempt = replica.attempts[id.index] else { return violation(.effects, "a request was cancelled that is not under way") }
        for cargo in attempt.cargo {
            cargo.course.excuse(cargo.name)
            // What is of other partitions is sent again, as if for the first time.
            replica.lastSent[cargo.place] = nil
        }
        replica.attempts[id.index]!.serial = -1
        let sent = now
        answer(replica, after: .milliseconds(1)) { $0.ended(id, AttemptOutcome(failure: .network, message: "cancelled"), sent, replica) }
    }

    /// What an endpoint tells apart.
    private func identity(of cargo: WindowReplica.Cargo) -> EventKey {
        let key = cargo.course.key
        let number: Int64 =
            switch cargo.name {
            case .window(let group, let start, let end): (start &* 31 &+ end) &* 31 &+ Int64(group)
            case .single(let offset): offset
            }
        return EventKey(topic: key.topic, partition: key.partition, offset: number)
    }

    /// What an item is: by its token alone, as for a real request.
    private func cargo(_ item: ItemView, _ subscription: SubscriptionID, _ replica: WindowReplica) -> WindowReplica.Cargo? {
        let place = WindowReplica.Place(subscription: subscription, partition: item.partition)
        guard let course = replica.courses[place], replica.isHeld(item.partition) else {
            violation(.ownership, "something goes out of a partition that is not its replica's")
            return nil
        }
        guard let loan = replica.keeper[item.token] else {
            violation(.records, "a record was used after its release")
            return nil
        }
        switch loan {
        case .record(let record, let partition):
            if record.offset != item.offset || partition != item.partition { violation(.records, "a token stands for another record than its item says") }
            return WindowReplica.Cargo(course: course, name: .single(offset: record.offset), place: place)
        case .window(let held, let bounds):
            let name = WindowInstance.Name.window(group: held.group, start: bounds.start.milliseconds, end: bounds.end.milliseconds)
            if held.subscription != subscription || held.partition != item.partition { violation(.routing, "a window went to another subscription") }
            if item.offset != held.offsets.first { violation(.records, "a window's item has offset \(item.offset), its events \(held.offsets)") }
            checkContent(of: name, held.offsets, course)
            return WindowReplica.Cargo(course: course, name: name, place: place)
        }
    }
}
