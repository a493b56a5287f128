import DeliveryCore
import EventModel

/// > **A poison event** fails while others succeed: it goes to the retry topic with a due time, and after the schedule is
/// > exhausted to the dead-letter topic. **An outage** fails everything: events stay in their source topic.
///
/// What must become of each event of an attempt that failed, in the order in which the engine comes to them. What is not
/// visible from outside (whether an event waits in memory or for the end of an outage) is inferred from what is.
extension Simulation {
    /// What the engine is to do about one event.
    enum Consequence: Equatable {
        /// Waits in memory, or is the next owner's.
        case nothing
        /// To the retry topic, with so many steps of the schedule spent.
        case scheduled(retries: Int)
        case nextLane
        case deadLetter(FailureKind)
    }

    /// Before the effects of a step are performed that took in the end of an attempt.
    func judgeEnding(_ replica: Replica) {
        guard let ending = replica.account.ending else { return }
        let id = ending.subscription
        var outlet = replica.account.outlets[id.index]
        if outlet.isRemoved, outlet.policy.deadLetter.drop {
            for item in ending.items { if let event = replica.account.tries[item]?.event { ledger.mayDrop.insert(Pair(subscription: outlet.index, event: event)) } }
        }
        guard !outlet.isRemoved, !ending.isCancelled else { return }
        var handedOn: [Account.Item: DiversionView] = [:]
        var drops = 0
        var opens = false
        for effect in replica.effects {
            switch effect {
            case .divert(let diversion):
                let view = replica.core.diversion(diversion)
                let item = item(of: view)
                if ending.items.contains(item) { handedOn[item] = view }
            case .report(.dropped(id, let kind, _, _)) where kind != .poison: drops += 1
            case .report(.circuitOpened(id, _)): opens = true
            default: break
            }
        }
        // The cursors of a halted subscription are read anew from time to time, which is not visible while something of them
        // is in flight.
        let mayMove = !outlet.isRunning && replica.options.idleCommitInterval < .minutes(1)
        if replica.account.isInDoubt || outlet.isUncertain || mayMove { return noteUncertain(ending, replica) }
        let wasClosed = ending.failsWhileClosed
        outlet.circuit.failed(ending.outcome, sentAt: ending.sentAt, now: now)
        for item in ending.items where ending.abandoned.contains(item) {
            if handedOn[item] != nil { violation(.ownership, "an event was handed on that is the next owner's") }
            replica.account.tries[item] = nil
        }
        count(ending, &outlet.counters)
        judgeCompany(of: ending, replica)
        switch ending.meaning {
        case .delivered:
            let named = ending.named
            for item in ending.items where named[item] == nil { replica.account.tries[item] = nil }
            if ending.isSuccess { outlet.circuit.succeeded(events: ending.items.count - named.count) }
            for item in firstOfEachLine(ending, replica) where !ending.abandoned.contains(item) {
                guard let event = named[item] else { continue }
                if event.retry {
                    judgeRetry(item, .http, ending, &outlet, handedOn[item], &drops, opens, replica)
                } else {
                    judgeRefusal(item, .http, ending, &outlet, handedOn[item], &drops, replica)
                }
            }
        case .tryAgain(let kind):
            // Cut in two as below: nobody is given up for an answer that may be about another.
            if isSpent(ending, outlet, replica) { break }
            for item in firstOfEachLine(ending, replica) where !ending.abandoned.contains(item) {
                judgeRetry(item, kind, ending, &outlet, handedOn[item], &drops, opens, replica)
            }
        case .giveUp(let kind):
            // Cut in two until the event that is to blame stands alone.
            if ending.items.count > 1, kind != .aborted, kind != .egressDenied { break }
            for item in firstOfEachLine(ending, replica) where !ending.abandoned.contains(item) {
                judgeRefusal(item, kind, ending, &outlet, handedOn[item], &drops, replica)
            }
        case .stop:
            for item in firstOfEachLine(ending, replica) where !ending.abandoned.contains(item) { stays(item, ending, handedOn[item], &drops, outlet, replica) }
        }
        // Among several that might have waited in memory it is not visible which one found the budget spent.
        if wasClosed, outlet.circuit.state == .closed, opens, outlet.circuit.isEmpty { outlet.circuit.open(at: now) }
        if wasClosed, outlet.circuit.state == .open, !opens { violation(.circuit, "\(outlet.policy.name) fails with its budget spent or its connections refused, and its circuit did not open") }
        replica.account.outlets[id.index].circuit = outlet.circuit
        judgeNextProbe(id, replica)
        replica.account.outlets[id.index].counters = outlet.counters
    }

    private func count(_ ending: Account.Ending, _ counters: inout SubscriptionCounters) {
        if ending.isSuccess { counters.deliveries += UInt64(ending.items.count - ending.outcome.failedEvents.count) }
        switch ending.meaning {
        case .delivered where ending.isSuccess: counters.attemptsSucceeded += 1
        case .delivered where ending.outcome.failedEvents.contains(where: \.retry): counters.attemptsToRetry += 1
        case .tryAgain: counters.attemptsToRetry += 1
        case .delivered, .giveUp, .stop: counters.attemptsRefused += 1
        }
    }

    /// A batch that failed at the end of its schedule.
    private func isSpent(_ ending: Account.Ending, _ outlet: Account.Outlet, _ replica: Replica) -> Bool {
        let steps = outlet.policy.retry.schedule.count
        return ending.items.count > 1 && outlet.circuit.state == .closed && !ending.outcome.connectionRefused
            && ending.items.contains { (replica.account.tries[$0]?.retries.lowerBound ?? -1) >= steps }
    }

    /// Of a batch, the first event of each line goes on by itself, and the others wait behind it.
    private func firstOfEachLine(_ ending: Account.Ending, _ replica: Replica) -> [Account.Item] {
        let named = ending.named
        var seen: Set<[Int]> = []
        return ending.items.filter { item in
            if ending.meaning == .delivered, named[item] == nil { return false }
            guard let line = replica.account.tries[item]?.line, !ending.abandoned.contains(item) else { return true }
            return seen.insert([item.handle.index, Int(line)]).inserted
        }
    }

    /// In doubt the engine decides, and holds back what it decided.
    private func noteUncertain(_ ending: Account.Ending, _ replica: Replica) {
        let id = ending.subscription.index
        count(ending, &replica.account.outlets[id].counters)
        replica.account.outlets[id].isUncertain = true
        let named = ending.named
        for item in ending.items {
            if ending.meaning == .delivered && named[item] == nil || ending.abandoned.contains(item) {
                replica.account.tries[item] = nil
            } else if let tries = replica.account.tries[item] {
                replica.account.tries[item]!.isUncertain = true
                if replica.account.outlets[id].policy.deadLetter.drop { ledger.mayDrop.insert(Pair(subscription: tries.subscription, event: tries.event)) }
                replica.account.tries[item]!.retries = tries.retries.lowerBound...tries.retries.upperBound + 1
            }
        }
    }

    private func judgeRetry(
        _ item: Account.Item, _ kind: FailureKind, _ ending: Account.Ending, _ outlet: inout Account.Outlet, _ view: DiversionView?,
        _ drops: inout Int, _ opens: Bool, _ replica: Replica
    ) {
        guard let tries = replica.account.tries[item] else { return }
        let policy = outlet.policy.retry
        let wall = wallTime(of: replica)
        let isRetryRecord = item.subscription == nil
        if wall - tries.created >= policy.giveUpAfter {
            expect(.deadLetter(.expired), of: item, view, &drops, outlet, replica)
            if ending.outcome.connectionRefused || outlet.circuit.state != .closed { outlet.circuit.open(at: now) }
            return
        }
        if ending.outcome.connectionRefused || (outlet.circuit.state != .closed && !isRetryRecord) {
            outlet.circuit.open(at: now)
            return stays(item, ending, view, &drops, outlet, replica)
        }
        // Where it is not known how much of the schedule is spent, what the engine does tells.
        let isExhausted: Bool =
            if case .deadLetter? = view?.target { tries.retries.upperBound >= policy.schedule.count }
            else { tries.retries.lowerBound >= policy.schedule.count }
        if isExhausted {
            guard isRetryRecord else { return judgeRefusal(item, kind, ending, &outlet, view, &drops, replica) }
            if outlet.circuit.state != .closed || outlet.circuit.isEmpty { outlet.circuit.open(at: now) } else { outlet.circuit.spend() }
            return expect(.deadLetter(kind), of: item, view, &drops, outlet, replica)
        }
        let spent = min(tries.retries.lowerBound, policy.schedule.count - 1)
        let asked = min(ending.outcome.retryAfter ?? .zero, replica.options.longestRetryAfter)
        if let view {
            if isRetryRecord {
                if outlet.circuit.state == .closed, !outlet.circuit.isEmpty { outlet.circuit.spend() } else { outlet.circuit.open(at: now) }
            } else if outlet.circuit.state != .closed || outlet.circuit.isEmpty {
                violation(.diversion, "\(tries.event) was diverted with \(outlet.circuit.budget) of the budget of \(outlet.policy.name) left, its circuit \(outlet.circuit.state)")
            } else {
                outlet.circuit.spend()
            }
            return expect(.scheduled(retries: view.retries), of: item, view, &drops, outlet, replica)
        }
        // It waits in memory for its time, or for the end of an outage.
        let shortest = max(policy.schedule[spent], asked)
        let longest = max(policy.schedule[spent] * (1 + policy.jitter), asked)
        if tries.line != nil { return judgeParking(item, shortest...longest, &outlet, opens, replica) }
        let mayBeHeld = outlet.circuit.state == .closed && shortest <= replica.options.longestDelayInMemory
        let mayStall = !isRetryRecord && outlet.circuit.state == .closed && outlet.circuit.isEmpty && opens
        if !mayBeHeld && !mayStall {
            violation(.schedule, "\(tries.event) of \(outlet.policy.name) failed and was not handed on; it is to wait \(shortest) at least, its circuit is \(outlet.circuit.state)")
        }
        if mayBeHeld, !mayStall {
            replica.account.tries[item]!.retries = tries.retries.lowerBound + 1...tries.retries.upperBound + 1
            replica.account.tries[item]!.notBefore = wall + shortest
        } else if mayBeHeld {
            replica.account.tries[item]!.retries = tries.retries.lowerBound...tries.retries.upperBound + 1
            replica.account.tries[item]!.notBefore = nil
        } else {
            outlet.circuit.open(at: now)
        }
    }

    /// What others wait for waits in memory, however long; a long wait spends from the budget as a diversion does.
    private func judgeParking(
        _ item: Account.Item, _ delay: ClosedRange<TimeSpan>, _ outlet: inout Account.Outlet, _ opens: Bool, _ replica: Replica
    ) {
        let limit = replica.options.longestDelayInMemory
        let retries = replica.account.tries[item]!.retries
        if opens, outlet.circuit.state == .closed, outlet.circuit.isEmpty {
            // One before it that keeps no order may have found the budget spent; then it waits for the end of the outage.
            replica.account.tries[item]!.retries = retries.lowerBound...retries.upperBound + 1
            replica.account.tries[item]!.notBefore = nil
            return
        }
        if delay.lowerBound <= limit, delay.upperBound > limit {
            // How long it is to wait, and so whether the budget has been spent from, is not visible.
            replica.account.outlets[item.subscription!.index].isUncertain = true
            replica.account.tries[item]!.isUncertain = true
            replica.account.tries[item]!.retries = retries.lowerBound...retries.upperBound + 1
            return
        }
        if delay.lowerBound > limit {
            if outlet.circuit.isEmpty { return outlet.circuit.open(at: now) }
            outlet.circuit.spend()
        }
        replica.account.tries[item]!.retries = retries.lowerBound + 1...retries.upperBound + 1
        replica.account.tries[item]!.notBefore = wallTime(of: replica) + delay.lowerBound
    }

    private func judgeRefusal(
        _ item: Account.Item, _ kind: FailureKind, _ ending: Account.Ending, _ outlet: inout Account.Outlet, _ view: DiversionView?,
        _ drops: inout Int, _ replica: Replica
    ) {
        guard let tries = replica.account.tries[item] else { return }
        if wallTime(of: replica) - tries.created >= outlet.policy.retry.giveUpAfter {
            if outlet.circuit.state != .closed { outlet.circuit.open(at: now) }
            return expect(.deadLetter(.expired), of: item, view, &drops, outlet, replica)
        }
        let isItsOwnFault = kind == .poison || kind == .aborted
        if tries.line != nil, outlet.policy.retry.onExhausted == .hold, !isItsOwnFault {
            if view != nil { violation(.order, "\(tries.event) is given up, and its key was to be held") }
            if outlet.circuit.isEmpty { return outlet.circuit.open(at: now) }
            outlet.circuit.spend()
            replica.account.tries[item]!.notBefore = tries.created + outlet.policy.retry.giveUpAfter
            return
        }
        if outlet.policy.deadLetter.drop || isItsOwnFault {
            expect(.deadLetter(kind), of: item, view, &drops, outlet, replica)
        } else if !outlet.circuit.isEmpty {
            outlet.circuit.spend()
            expect(.deadLetter(kind), of: item, view, &drops, outlet, replica)
        } else {
            outlet.circuit.open(at: now)
            stays(item, ending, view, &drops, outlet, replica)
        }
    }

    /// It stays unsettled; a retry record goes on to the next lane instead of waiting in memory.
    private func stays(
        _ item: Account.Item, _ ending: Account.Ending, _ view: DiversionView?, _ drops: inout Int, _ outlet: Account.Outlet, _ replica: Replica
    ) {
        guard let tries = replica.account.tries[item] else { return }
        replica.account.tries[item]!.notBefore = nil
        if item.subscription == nil {
            if wallTime(of: replica) - tries.created >= outlet.policy.retry.giveUpAfter {
                return expect(.deadLetter(.expired), of: item, view, &drops, outlet, replica)
            }
            if view == nil { violation(.outcome, "a retry record of \(tries.event) is kept in memory during an outage") }
            replica.account.ending!.consequences[item] = .nextLane
        } else if let view {
            violation(.diversion, "\(tries.event) went to \(view.target) when it should have stayed in its topic")
        }
    }

    private func expect(
        _ consequence: Consequence, of item: Account.Item, _ view: DiversionView?, _ drops: inout Int, _ outlet: Account.Outlet, _ replica: Replica
    ) {
        let tries = replica.account.tries[item]!
        if case .deadLetter(let kind) = consequence, outlet.policy.deadLetter.drop {
            if view != nil { violation(.outcome, "\(tries.event) was diverted; \(outlet.policy.name) drops") }
            if drops == 0 { return violation(.outcome, "\(tries.event) is \(kind), and was not dropped") }
            drops -= 1
            ledger.mayDrop.insert(Pair(subscription: tries.subscription, event: tries.event))
            replica.account.tries[item] = nil
            return
        }
        guard view != nil else { return violation(.outcome, "nothing became of \(tries.event), which failed for \(outlet.policy.name); expected: \(consequence)") }
        replica.account.ending!.consequences[item] = consequence
    }

    func item(of view: DiversionView) -> Account.Item { item(of: view.item, view.subscription) }

    func item(of view: ItemView, _ subscription: SubscriptionID?) -> Account.Item {
        Account.Item(handle: view.partition, subscription: view.isRetryRecord ? nil : subscription, offset: view.offset)
    }
}
