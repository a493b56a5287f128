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
        replica.logStart = nil
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

    // MARK: Identity

    func cursorKey(_ group: CursorGroup, _ partition: TopicPartitionName, _ replica: Replica) -> CursorKey {
        switch group {
        case .retryTopic: return CursorKey(subscription: nil, topic: -1, partition: partition.partition)
        case .subscription(let id):
            let name = replica.core.subscription(id).name
            return CursorKey(subscription: subscriptionIndex[name]!, topic: topicIndex(partition.topic), partition: partition.partition)
        }
    }

    func group(of item: Account.Item) -> CursorGroup { item.subscription.map { .subscription($0) } ?? .retryTopic }

    func carrier(of view: ItemView, _ subscription: SubscriptionID?, _ replica: Replica) -> Carrier? {
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
    func checkToken(_ view: ItemView, _ replica: Replica) -> TokenTable.Loan? {
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
