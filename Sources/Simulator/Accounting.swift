import DeliveryCore
import EventModel

// Keeps the books of one engine: what it is told, and what it makes of it.
extension Simulation {
    /// Before the engine takes an input in.
    func willTake(_ input: Input, _ replica: Replica) {
        switch input {
        case .assigned:
            replica.account.rebalances += 1
            settleRates(replica)
        case .partitionCount(let topic, let count):
            settleRates(replica)
            replica.account.partitionCounts[topic] = count
        case .records(let batch):
            judgeLateness(batch, replica)
            if replica.account.phases[batch.partition] == .reading { replica.account.recordsTaken += UInt64(batch.records.count) }
        case .cursorLoaded(let group, let handle, let stored): noteLoaded(group, handle, stored, replica)
        case .startResolved(let group, let handle, _):
            if case .subscription(let id) = group { replica.account.moving.remove(Account.Place(subscription: id, handle: handle)) }
        case .revoking(let handles):
            settleRates(replica)
            for handle in handles where replica.account.phases[handle] == .loading || replica.account.phases[handle] == .reading {
                replica.account.phases[handle] = .draining
                replica.drainsSince[handle] = now
                replica.drainsWaitUntil[handle] = now
                replica.account.forget(handle)
            }
        case .lost(let handles):
            settleRates(replica)
            if !handles.isEmpty { replica.account.hasLost = true }
            for handle in handles {
                replica.account.phases[handle] = .gone
                replica.account.forget(handle)
            }
        case .pause(let id): replica.account.outlets[id.index].isPaused = true
        case .resume(let id):
            let wasRunning = replica.account.outlets[id.index].isRunning
            replica.account.outlets[id.index].isPaused = false
            replica.account.outlets[id.index].isSuspended = false
            if !wasRunning, replica.account.outlets[id.index].isRunning { moves(id, nil, replica) }
        case .suspend(let id, _): replica.account.outlets[id.index].isSuspended = true
        case .allowedRate(let id, let limit):
            settleRates(replica)
            replica.account.outlets[id.index].allowedRate = limit
        case .seek(let id, let handles, _): moves(id, handles, replica)
        case .outOfRange(_, let start, _): replica.logStart = start
        case .membershipDoubted: replica.account.isInDoubt = true
        case .membershipSettled:
            replica.account.isInDoubt = false
            replica.account.isSettling = true
            replica.heldUpUntil = now
        default: break
        }
    }

    /// After the engine took it in, before anything of what it decided is done.
    func didTake(_ input: Input, _ replica: Replica) {
        switch input {
        case .subscriptions(let table): noteTable(table, replica)
        case .assigned(let names):
            for name in names {
                guard let handle = replica.core.handle(of: name) else { continue }
                replica.handles[name] = handle
                replica.account.phases[handle] = .loading
                for group in replica.account.groups.keys { replica.account.groups[group]!.acknowledged[name] = nil }
            }
        case .attemptEnded:
            judgeEnding(replica)
            judgeNextSteps(of: replica.account.endingRecords, replica)
        default: break
        }
    }

    private func noteLoaded(_ group: CursorGroup, _ handle: PartitionHandle, _ stored: StoredCursor, _ replica: Replica) {
        // The answer to a question of an assignment that is over tells the engine nothing, nor one of a subscription's former life.
        guard replica.account.phases[handle] == .loading || replica.account.phases[handle] == .reading else { return }
        if case .subscription(let id) = group, replica.account.outlets[id.index].isRemoved { return }
        let name = replica.core.name(of: handle)
        ledger.forgetPlacement(cursorKey(group, name, replica), replica.index)
        var isRunning = true
        if case .subscription(let id) = group {
            replica.account.moving.remove(Account.Place(subscription: id, handle: handle))
            isRunning = replica.account.refreshes.remove(Account.Place(subscription: id, handle: handle)) == nil
            if !isRunning { replica.account.refreshedAt[Account.Place(subscription: id, handle: handle)] = now }
        }
        guard case .committed(let offset, let metadata) = stored, isRunning else {
            replica.account.groups[group, default: CommitBooks()].acknowledged[name] = nil
            return
        }
        replica.account.groups[group, default: CommitBooks()].acknowledged[name] =
            (Broker.Committed(offset: offset, metadata: metadata), now)
    }

    private func noteTable(_ table: [Subscription], _ replica: Replica) {
        func limit(_ policy: Subscription) -> Int {
            max(1, (policy.delivery.maxInFlight + replica.options.shards - 1) / replica.options.shards)
        }
        let listed = Set(table.map(\.name))
        for (i, outlet) in replica.account.outlets.enumerated() where !outlet.isRemoved && !listed.contains(outlet.policy.name) {
            excuseRepetitions(of: outlet.index, heldBy: replica)
            replica.account.outlets[i].isRemoved = true
        }
        for policy in table {
            guard let id = replica.core.subscription(named: policy.name) else {
                violation(.effects, "a manifest lists \(policy.name), and the engine does not know it")
                continue
            }
            guard id.index < replica.account.outlets.count else {
                let circuit = CircuitModel(policy: policy.diversion, limit: limit(policy), options: replica.options)
                replica.account.outlets.append(Account.Outlet(policy: policy, index: subscriptionIndex[policy.name]!, circuit: circuit))
                continue
            }
            let outlet = replica.account.outlets[id.index]
            guard outlet.policy != policy else { continue }
            let wasRunning = outlet.isRunning
            let isTakenOtherwise = (policy.delivery.ordering, policy.deduplicate) != (outlet.policy.delivery.ordering, outlet.policy.deduplicate)
            if isTakenOtherwise, wasRunning { moves(id, nil, replica) }
            replica.account.outlets[id.index].policy = policy
            replica.account.outlets[id.index].circuit.update(policy: policy.diversion, limit: limit(policy))
            replica.account.outlets[id.index].isSuspended = false
            if !wasRunning, replica.account.outlets[id.index].isRunning { moves(id, nil, replica) }
        }
    }

    /// What waits in memory for an endpoint is forgotten, and read again.
    func setAside(_ id: SubscriptionID, _ handles: [PartitionHandle], _ replica: Replica) {
        let outlet = replica.account.outlets[id.index]
        if handles.isEmpty { violation(.reports, "nothing of \(outlet.policy.name) is set aside") }
        if outlet.isRunning, !outlet.isSaidToFail { violation(.memory, "\(outlet.policy.name) is set aside, and may send") }
        moves(id, handles, replica)
    }

    /// Cursors of a subscription go elsewhere: all of them, or those on some partitions.
    private func moves(_ id: SubscriptionID, _ handles: [PartitionHandle]?, _ replica: Replica) {
        let topic = replica.account.outlets[id.index].policy.topic
        for handle in handles ?? Array(replica.account.phases.keys) {
            guard replica.account.phases[handle] == .loading || replica.account.phases[handle] == .reading, replica.core.name(of: handle).topic == topic
            else { continue }
            replica.account.moving.insert(Account.Place(subscription: id, handle: handle))
        }
    }

    /// A cursor has left its place, with nothing of it under way.
    func noteMoved(_ group: CursorGroup, _ handle: PartitionHandle, _ replica: Replica) {
        guard case .subscription(let id) = group else { return }
        let place = Account.Place(subscription: id, handle: handle)
        replica.account.moving.remove(place)
        if !replica.account.outlets[id.index].isRunning { replica.account.refreshes.insert(place) } else { replica.account.refreshes.remove(place) }
        replica.account.groups[group]?.acknowledged[replica.core.name(of: handle)] = nil
        // What failed to be committed is not worth repeating where nothing was settled.
        replica.account.groups[group]?.dirtySince = nil
        guard replica.account.phases[handle] == .reading else { return }
        for item in replica.account.tries.keys where item.handle == handle && item.subscription == id {
            if replica.account.tries[item]!.isUnderWay { violation(.ownership, "a cursor moves with requests in flight") }
            replica.account.tries[item] = nil
        }
    }

    /// An attempt has ended; the engine is told next.
    func noteEnd(of attempt: Replica.Attempt, _ outcome: AttemptOutcome, _ replica: Replica) {
        let id = attempt.id
        let isCancelled = attempt.serial < 0
        let outlet = replica.account.outlets[id.index]
        replica.account.outlets[id.index].inFlight -= 1
        replica.account.inFlight -= 1
        let meaning = Meaning(outcome, outlet.policy.retry)
        var ending = Account.Ending(
            subscription: id, items: attempt.items, outcome: outcome, meaning: meaning, isCancelled: isCancelled,
            wasClosed: outlet.circuit.state == .closed, sentAt: attempt.sentAt, abandoned: [])
        let named = Set(ending.named.keys)
        for item in attempt.items {
            let isAbandoned = replica.account.phases[item.handle] != .reading || replica.account.isMoving(item) || (outlet.isRemoved && item.subscription != nil)
            replica.account.tries[item]?.isUnderWay = false
            replica.account.tries[item]?.notBefore = nil
            if !isCancelled {
                replica.account.tries[item]?.attempts += 1
                replica.account.tries[item]?.failedAt = now
                replica.account.tries[item]?.failure = (outcome, wallTime(of: replica))
            }
            if isAbandoned, meaning != .delivered || named.contains(item) { ending.abandoned.insert(item) }
            if isAbandoned { replica.account.tries[item] = nil } else if outlet.isRemoved { replica.account.tries[item]?.isUncertain = true }
        }
        replica.account.ending = ending
        guard !isCancelled, outcome.status == 429 || outcome.status == 503, let asked = outcome.retryAfter, case .tryAgain = meaning else { return }
        let until = now + min(asked, replica.options.longestRetryAfter)
        replica.account.outlets[id.index].blockedUntil = max(until, outlet.blockedUntil)
    }

    /// The broker has acknowledged a record for another topic.
    func noteDiverted(_ view: DiversionView, _ replica: Replica) {
        replica.account.tries[item(of: view)] = nil
        guard let id = view.subscription else { return }
        switch view.target {
        case .retry: replica.account.outlets[id.index].counters.retriesScheduled += 1
        case .deadLetter:
            guard let kind = view.kind else { return }
            replica.account.outlets[id.index].counters.deadLetters[FailureKind.allCases.firstIndex(of: kind)!] += 1
            replica.deadLetterDue = (id, kind)
        }
    }

    /// Whether what an engine learns of an event counts for the cursor in Kafka.
    func isOwner(_ replica: Replica, _ handle: PartitionHandle, _ subscription: SubscriptionID?) -> Bool {
        if replica.isExpelled || replica.account.phases[handle] == .gone { return false }
        guard let subscription, replica.core.isRetryTopic(handle) == false else { return true }
        return !replica.account.outlets[subscription.index].isRemoved
    }
}
