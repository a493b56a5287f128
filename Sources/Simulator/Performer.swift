import DeliveryCore
import EventModel

// A replica's side of the world: steps its engine and performs the effects, with virtual delays.
extension Simulation {
    func step(_ member: Int, _ input: Input) {
        let replica = replicas[member]
        precondition(replica.isUp && !replica.isStandingStill, "a process that does not run takes nothing in")
        narrate(input, replica)
        latestWall = max(latestWall, wallTime(of: replica))
        replica.effects.removeAll(keepingCapacity: true)
        noteWaitingDrains(replica)
        willTake(input, replica)
        replica.core.step(input, at: moment(of: replica), into: &replica.effects)
        didTake(input, replica)
        steps += 1
        let incarnation = replica.incarnation
        for effect in replica.effects {
            if let left = replica.effectsToLive {
                if left == 0 { return die(member) }
                replica.effectsToLive = left - 1
            }
            narrate(effect, replica)
            perform(effect, replica)
            guard replica.isAlive(incarnation) else { return }
        }
        replica.account.ending = nil
        replica.account.isSettling = false
        if let (_, kind) = replica.deadLetterDue { violation(.reports, "a dead letter for \(kind) was not reported") }
        checkMemory(replica)
        noteDrains(replica)
        // A snapshot costs something: now and then is enough for what lasts.
        if steps % 64 == 0 {
            checkRings(replica)
            checkWaiting(replica)
            checkBooks(replica)
        }
        pump(replica)
        setTick(replica)
    }

    private func setTick(_ replica: Replica) {
        guard let due = replica.core.nextWakeup, due < replica.tickAt || replica.tickAt <= now else { return }
        replica.tickAt = due
        let incarnation = replica.incarnation
        agenda.note(at: max(due, now)) { simulation in
            guard replica.isAlive(incarnation), replica.tickAt == due, !replica.isStandingStill else { return }
            replica.tickAt = .distantFuture
            simulation.step(replica.index, .tick)
        }
    }

    private func perform(_ effect: Effect, _ replica: Replica) {
        switch effect {
        case .loadCursors(let group, let handles):
            for handle in handles {
                judgeReading(handle, replica)
                noteMoved(group, handle, replica)
            }
            loadCursors(group, handles, replica)
        case .resolveStart(let group, let handle, let position):
            judgeReading(handle, replica)
            noteMoved(group, handle, replica)
            resolveStart(group, handle, position, replica)
        case .startReading(let handle, let offset):
            judgeReading(handle, replica)
            if replica.account.phases[handle] == .loading { replica.account.phases[handle] = .reading }
            startReading(handle, offset, replica)
        case .readChunk(let handle, let from, let until):
            judgeDoubt(replica, "older records are read")
            judgeReading(handle, replica)
            readChunk(handle, from, until, replica)
        case .attempt(let id): attempt(id, replica)
        case .cancel(let id): cancel(id, replica)
        case .divert(let id): divert(id, replica)
        case .commit(let group, let commits): commit(group, commits, replica)
        case .release(let token):
            if !replica.tokens.giveBack(token) { violation(.records, "a record was released twice") }
        case .released(let handle):
            replica.readers.removeAll { $0.handle == handle }
            judgeRelease(handle, replica)
            released(handle, by: replica.index)
        case .report(let report): heard(report, replica)
        }
    }

    /// Later, if the process still lives then.
    func answer(_ replica: Replica, after span: TimeSpan, _ action: @escaping Agenda<Simulation>.Action) {
        let incarnation = replica.incarnation
        after(span) { simulation in
            guard replica.isAlive(incarnation) else { return }
            if replica.isStandingStill { replica.inbox.append(action) } else { action(simulation) }
        }
    }

    func milliseconds(_ range: ClosedRange<Int>) -> TimeSpan { .milliseconds(Int64(random.int(range))) }

    // MARK: Cursors

    func cursorKey(_ group: CursorGroup, _ partition: TopicPartitionName, _ replica: Replica) -> CursorKey {
        switch group {
        case .retryTopic: return CursorKey(subscription: nil, topic: -1, partition: partition.partition)
        case .subscription(let id):
            let name = replica.core.subscription(id).name
            return CursorKey(subscription: subscriptionIndex[name]!, topic: topicIndex(partition.topic), partition: partition.partition)
        }
    }

    private func cursorDelay(_ key: CursorKey) -> ClosedRange<Int> {
        guard let subscription = key.subscription, !isHealed else { return EndpointPlan.promptCursors }
        return scenario.endpoints[subscription].cursorDelay
    }

    private func loadCursors(_ group: CursorGroup, _ handles: [PartitionHandle], _ replica: Replica) {
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

    private func resolveStart(_ group: CursorGroup, _ handle: PartitionHandle, _ position: StartPosition, _ replica: Replica) {
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

    private func commit(_ group: CursorGroup, _ commits: [CursorCommit], _ replica: Replica) {
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

    // MARK: Diversions

    private func divert(_ id: DiversionID, _ replica: Replica) {
        let view = replica.core.diversion(id)
        guard let loan = checkToken(view.item, replica), let carrier = carrier(of: view.item, view.subscription, replica) else { return }
        let source = loan.record
        let name = view.subscription.map { replica.core.subscription($0).name } ?? source.retry?.subscription ?? ""
        guard let subscription = subscriptionIndex[name] else { return violation(.routing, "a diversion for nobody") }
        let pair = Pair(subscription: subscription, event: source.event)
        judgeDoubt(replica, "a record is produced")
        judgeDiversion(view, loan, subscription, replica)
        replica.diversions[id.index] = Replica.Diversion(carrier: carrier, handle: view.item.partition, pair: pair)
        let incarnation = replica.incarnation
        let there = broker.isDisturbed(.producesSlow, at: now) ? milliseconds(100...3000) : milliseconds(1...10)
        serial += 1
        let serial = serial
        replica.diversions[id.index]!.serial = serial
        let isTooLarge = !view.byReference && source.bytes > (view.target == .deadLetter ? scenario.largestDeadLetter : scenario.largestRetry)
        if isTooLarge {
            return answer(replica, after: milliseconds(1...10)) { simulation in
                guard replica.diversions[id.index]?.serial == serial else { return }
                replica.diversions[id.index] = nil
                simulation.step(replica.index, .diversionFailed(id, .tooLarge))
            }
        }
        after(there) { simulation in
            let isAlive = replica.isAlive(incarnation)
            if !isAlive, simulation.random.chance(0.5) { return }
            let failed = simulation.broker.isDisturbed(.producesFail, at: simulation.now)
            // A failure after the record was written: the next try writes it again, and the event comes twice.
            let isWritten = !failed || simulation.random.chance(0.1)
            simulation.note(isWritten ? .written : .writeRefused, replica, Int64(id.index), text: "diversion \(id.index)")
            if isWritten { simulation.write(view, source, name, pair) }
            if failed && isWritten { simulation.ledger.excuse(pair) }
            // The answer is for the process that asked, not for the one that was started since.
            guard replica.isAlive(incarnation) else { return }
            simulation.answer(replica, after: simulation.milliseconds(1...10)) { simulation in
                guard replica.diversions[id.index]?.serial == serial else { return }
                replica.diversions[id.index] = nil
                if failed {
                    simulation.step(replica.index, .diversionFailed(id, .refused("not enough replicas")))
                } else {
                    let isKnown = simulation.isOwner(replica, view.item.partition, view.subscription)
                    simulation.ledger.settled(carrier, isKnownToOwner: isKnown)
                    if isKnown { simulation.noteDirty(simulation.group(of: simulation.item(of: view)), replica) }
                    simulation.noteDiverted(view, replica)
                    simulation.step(replica.index, .diverted(id))
                }
            }
        }
    }

    /// A new producer takes its place; of what was under way some has been written, and nobody knows what.
    func producerFails(_ replica: Replica) {
        guard replica.isUp, !replica.isStandingStill else { return }
        note(.fault, replica, text: "the producer fails")
        let incarnation = replica.incarnation
        for (index, diversion) in replica.diversions.sorted(by: { $0.key < $1.key }) {
            guard replica.isAlive(incarnation) else { return }
            ledger.excuse(diversion.pair)
            replica.diversions[index] = nil
            step(replica.index, .diversionFailed(DiversionID(index: index), .refused("the producer cannot go on")))
        }
    }

    /// Of a retry record without its value: less than the least that may fit into the topic.
    private static let bytesOfReference = 50

    private func write(_ view: DiversionView, _ source: SimulatedRecord, _ name: String, _ pair: Pair) {
        switch view.target {
        case .deadLetter: ledger.deadLettered(pair, self)
        case .retry(let partition, let due):
            let headers = RetryHeaders(
                subscription: name, due: due, attempts: view.attempts, retries: view.retries,
                firstAttempt: view.firstAttempt ?? moment.wall, created: view.item.created)
            var record = source
            record.retry = headers
            record.timestamp = moment.wall
            if view.byReference { record.bytes = Self.bytesOfReference }
            _ = broker.append(record, topic: -1, partition: partition)
            pumpAll()
        }
    }

    // MARK: Requests

    private func attempt(_ id: DeliveryID, _ replica: Replica) {
        let delivery = replica.core.delivery(id)
        let policy = replica.core.subscription(delivery.subscription)
        let subscription = subscriptionIndex[policy.name]!
        judgeDoubt(replica, "an attempt")
        judgeCircuit(delivery.subscription, replica)
        judgeRate(delivery.subscription, replica)
        var carriers: [Carrier] = []
        var events: [EventKey] = []
        var items: [Account.Item] = []
        var created: [WallTime] = []
        var attemptsBefore = 0
        for i in 0..<delivery.count {
            let view = replica.core.item(i, of: delivery)
            guard let loan = checkToken(view, replica), let carrier = carrier(of: view, delivery.subscription, replica) else { return }
            if let retry = loan.record.retry {
                if retry.subscription != policy.name { violation(.routing, "a retry record went to another subscription") }
            } else if !mayMatch(subscription, loan.record) {
                violation(.routing, "an event was sent to a subscription whose filters it does not match")
            }
            if loan.record.poison { violation(.routing, "a record that is no event was sent") }
            if loan.record.isRejected { violation(.routing, "a rejected event was sent") }
            let item = item(of: view, delivery.subscription)
            if items.isEmpty || item.handle != items[0].handle { judgeOwner(of: loan.partition, replica, "an attempt") }
            let triesBefore = judgeAttempt(of: item, loan, subscription, replica)
            if triesBefore == 0, loan.record.retry == nil { judgeNovelty(loan.record, carrier, policy) }
            attemptsBefore = max(attemptsBefore, triesBefore)
            items.append(item)
            carriers.append(carrier)
            events.append(loan.record.event)
            created.append(view.created)
        }
        if carriers.isEmpty { return violation(.effects, "a request without events") }
        if delivery.attempt != attemptsBefore + 1 { violation(.schedule, "attempt \(delivery.attempt) of \(events[0]) after \(attemptsBefore)") }
        judgeBatch(delivery, policy, replica)
        judgeLines(items, of: id, replica)
        judgeCompany(items, replica)
        replica.account.outlets[delivery.subscription.index].inFlight += 1
        replica.account.inFlight += 1
        if replica.account.inFlight > replica.options.maxInFlight { violation(.limits, "\(replica.account.inFlight) in flight in all") }
        serial += 1
        let serial = serial
        for item in items { replica.account.tries[item]?.request = serial }
        if replica.attempts[id.index] != nil { violation(.effects, "a delivery's number was used again too early") }
        replica.attempts[id.index] = Replica.Attempt(
            serial: serial, subscription: subscription, id: delivery.subscription, carriers: carriers, events: events, items: items, sentAt: now)
        attempts += 1
        let sent = now
        after(.milliseconds(1)) { simulation in
            let plan = simulation.scenario.endpoints[subscription]
            let answer = plan.answer(
                to: events, at: simulation.elapsed, healed: simulation.isHealed, timeout: policy.delivery.timeout,
                isPartial: policy.batch?.partialResults ?? false, &simulation.endpointRandom)
            simulation.note(.answer, replica, Int64(id.index), answer.accepted ? 1 : 0, Int64(answer.outcome.status), answer.after.nanoseconds,
                text: "request \(id.index) is \(answer.accepted ? "accepted" : "refused")\(answer.failed.isEmpty ? "" : " but for \(answer.failed.count) events"): \(answer.outcome.message), in \(answer.after)")
            if answer.accepted { simulation.accepted(answer, events, created, subscription) }
            simulation.answer(replica, after: answer.after) { simulation in
                guard replica.attempts[id.index]?.serial == serial else { return }
                simulation.ended(id, answer.outcome, sent, replica)
            }
        }
    }

    private func accepted(_ answer: Answer, _ events: [EventKey], _ created: [WallTime], _ subscription: Int) {
        let isKnown = answer.outcome.failure == nil
        let named = Set(answer.failed.map { events[$0.index] })
        for (event, created) in zip(events, created) where !named.contains(event) {
            let pair = Pair(subscription: subscription, event: event)
            // A timed out request that was accepted all the same: the sender cannot know.
            if !isKnown { ledger.excuse(pair) }
            ledger.longestDelay[subscription] = max(ledger.longestDelay[subscription], moment.wall - created)
            ledger.delivered(pair, self)
            if ledger.fates[pair]!.accepted == 1 {
                judgeDelay(subscription, created, event)
                judgeOrder(of: event, subscription, named)
            }
        }
    }

    private func ended(_ id: DeliveryID, _ outcome: AttemptOutcome, _ sent: Instant, _ replica: Replica) {
        let attempt = replica.attempts.removeValue(forKey: id.index)!
        if outcome.failure == nil, (200..<300).contains(outcome.status) {
            let named = Set(outcome.failedEvents.map { attempt.items[$0.index] })
            for (carrier, item) in zip(attempt.carriers, attempt.items) where !named.contains(item) {
                let isKnown = isOwner(replica, item.handle, item.subscription)
                ledger.settled(carrier, isKnownToOwner: isKnown)
                if isKnown { noteDirty(group(of: item), replica) }
            }
        }
        noteEnd(of: attempt, outcome, replica)
        let delivery = replica.core.delivery(id)
        replica.account.endingRecords = (0..<delivery.count).map { replica.core.item($0, of: delivery).token }
        step(replica.index, .attemptEnded(id, outcome, duration: now - sent))
    }

    private func cancel(_ id: DeliveryID, _ replica: Replica) {
        guard let attempt = replica.attempts[id.index] else { return violation(.effects, "a request was cancelled that is not under way") }
        for event in attempt.events { ledger.excuse(Pair(subscription: attempt.subscription, event: event)) }
        replica.attempts[id.index]!.serial = -1
        let sent = now
        answer(replica, after: .milliseconds(1)) { simulation in
            simulation.ended(id, AttemptOutcome(failure: .network, message: "cancelled"), sent, replica)
        }
    }

    // MARK: Identity

    func group(of item: Account.Item) -> CursorGroup { item.subscription.map { .subscription($0) } ?? .retryTopic }

    private func carrier(of view: ItemView, _ subscription: SubscriptionID?, _ replica: Replica) -> Carrier? {
        let partition = replica.core.name(of: view.partition)
        if view.isRetryRecord != (partition.topic == scenario.core.retryTopic) { violation(.effects, "a retry record that is none") }
        if view.isRetryRecord {
            return Carrier(cursor: CursorKey(subscription: nil, topic: -1, partition: partition.partition), offset: view.offset)
        }
        guard let subscription else {
            violation(.effects, "a source record without subscription was diverted")
            return nil
        }
        return Carrier(cursor: cursorKey(.subscription(subscription), partition, replica), offset: view.offset)
    }

    /// The token must be lent, and be the record that the view names: the webhook's id is made of that.
    private func checkToken(_ view: ItemView, _ replica: Replica) -> TokenTable.Loan? {
        guard let loan = replica.tokens[view.token] else {
            violation(.records, "a record was used after its release")
            return nil
        }
        if loan.offset != view.offset || loan.partition != replica.core.name(of: view.partition) {
            violation(.records, "a token stands for another record than its item says")
        }
        return loan
    }
}
