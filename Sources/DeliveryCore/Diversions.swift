import EventModel

// Events handed to the retry or the dead-letter topic. They are settled when the broker has acknowledged the record,
// not before: if it does not take it, the event stays unsettled and its subscription waits.
extension DeliveryCore {
    mutating func divertRetry(_ item: Item, _ state: SubscriptionState, delay: TimeSpan, _ details: FailureDetails) {
        let partition = lanes.partition(inLane: lanes.lane(forDelay: delay), choice: generator.next())
        divert(item, state, .retry(partition: partition, due: now.wall + delay), details)
    }

    /// A due retry record whose subscription has no room: it comes when others before it will have been taken.
    mutating func comeAgain(_ item: Item, _ state: SubscriptionState) {
        let counters = state.counters
        let delay = state.crowding.delay(
            taken: counters.deliveries + counters.attemptsToRetry + counters.attemptsRefused, waited: now.wall - item.created,
            at: now.instant)
        takeLane(item, state, delay: delay, FailureDetails())
    }

    /// A due retry record whose subscription cannot take it now: the next lane, without spending an attempt.
    mutating func takeNextLane(_ item: Item, _ state: SubscriptionState, _ details: FailureDetails = FailureDetails()) {
        takeLane(item, state, delay: lanes.delayAfter(lane: item.cursor.partition.lane ?? 0), details)
    }

    private mutating func takeLane(_ item: Item, _ state: SubscriptionState, delay: TimeSpan, _ details: FailureDetails) {
        if isExpired(item, state) {
            var details = details
            details.kind = .expired
            return divertDead(item, state, details)
        }
        divertRetry(item, state, delay: delay, details)
    }

    /// A retry record for nobody.
    mutating func divertOrphan(_ item: Item) {
        divertDead(item, nil, FailureDetails(kind: .removed, message: "its subscription no longer exists"))
    }

    mutating func divertDead(_ item: Item, _ state: SubscriptionState?, _ details: FailureDetails) {
        if let state, state.policy.deadLetter.drop {
            note(item, .dropped)
            state.counters.drops += 1
            report(.dropped(state.id, details.kind ?? .http, view(item), reason: details.message))
            return settle(item)
        }
        divert(item, state, .deadLetter, details)
    }

    private mutating func divert(
        _ item: Item, _ state: SubscriptionState?, _ target: DiversionView.Target, _ details: FailureDetails
    ) {
        switch target {
        case .retry(let partition, let due): note(item, .retry(partition: partition, due: due))
        case .deadLetter: note(item, .deadLetter(details.kind ?? .http))
        }
        let diversion: Diversion
        if let index = freeDiversions.popLast() {
            diversion = diversions[index]
        } else {
            diversion = Diversion(id: DiversionID(index: diversions.count))
            diversions.append(diversion)
        }
        diversion.item = item
        diversion.owner = state
        diversion.target = target
        diversion.kind = details.kind
        diversion.status = details.status
        diversion.message = details.message
        diversion.lastAttempt = details.attempted
        diversion.byReference = false
        diversion.failures = 0
        countBusy(item, 1)
        if details.kind == .poison { state?.poisonUnderWay += 1 }
        produce(diversion.id)
    }

    private mutating func produce(_ id: DiversionID) {
        if isInDoubt { diversionsInDoubt.append(id) } else { effects.append(.divert(id)) }
    }

    mutating func diverted(_ id: DiversionID) {
        let diversion = diversions[id.index]
        guard let item = diversion.item else { preconditionFailure("a diversion was acknowledged twice") }
        if let state = diversion.owner {
            switch diversion.target {
            case .retry: state.counters.retriesScheduled += 1
            case .deadLetter:
                let kind = diversion.kind ?? .http
                state.counters.deadLetters[FailureKind.allCases.firstIndex(of: kind)!] += 1
                report(.deadLettered(state.id, kind, view(item), reason: diversion.message))
            }
        }
        let waiting = finish(diversion)
        settle(item)
        if let waiting { markReady(waiting) }
    }

    mutating func diversionFailed(_ id: DiversionID, _ failure: DiversionFailure) {
        let diversion = diversions[id.index]
        guard let item = diversion.item else { preconditionFailure("a diversion failed after its end") }
        if abandoned(item) {
            // Not settled: the next owner will come to the same point.
            return finishAndLeave(diversion, item)
        }
        switch failure {
        case .tooLarge where !diversion.byReference && !item.isWindow:
            diversion.byReference = true
            produce(id)
        default:
            diversion.failures += 1
            let reason = if case .refused(let reason) = failure { reason } else { "the record is too large for the topic" }
            diversion.owner?.counters.diversionsRefused += 1
            report(.diversionFailed(diversion.owner?.id, view(item), reason: reason))
            let pause = options.divertBackoff * Double(min(30, 1 << min(diversion.failures - 1, 5)))
            diversion.pausesUntil = now.instant + pause
            timers.set(.divertAgain(id), at: now.instant + pause)
        }
    }

    /// Diversions that pause until they are tried again, and whose events are not ours any more: nobody has to wait for them.
    mutating func forgetPausing() {
        for diversion in diversions where diversion.pausesUntil != nil {
            guard let item = diversion.item, abandoned(item) else { continue }
            finishAndLeave(diversion, item)
        }
    }

    mutating func pauseIsOver(_ id: DiversionID) {
        // It may have been forgotten, and its place be another's.
        guard let until = diversions[id.index].pausesUntil, until <= now.instant else { return }
        divertAgain(id)
    }

    mutating func divertAgain(_ id: DiversionID) {
        let diversion = diversions[id.index]
        guard let item = diversion.item else { return }
        diversion.pausesUntil = nil
        if abandoned(item) { finishAndLeave(diversion, item) } else { produce(id) }
    }

    private mutating func finishAndLeave(_ diversion: Diversion, _ item: Item) {
        let waiting = finish(diversion)
        leaveToNextOwner(item)
        if let waiting { markReady(waiting) }
    }

    /// Makes the diversion's place free again.
    ///
    /// - Returns: a subscription whose next poison record may have waited for that. Not before this one's event is settled: that may
    ///   suspend it, and then its cursors are replaced of which nothing is under way or to be committed.
    private mutating func finish(_ diversion: Diversion) -> SubscriptionState? {
        if let item = diversion.item { countBusy(item, -1) }
        let waiting = diversion.kind == .poison ? diversion.owner : nil
        waiting?.poisonUnderWay -= 1
        diversion.item = nil
        diversion.owner = nil
        diversion.pausesUntil = nil
        freeDiversions.append(diversion.id.index)
        return waiting
    }

    // MARK: What the performer asks

    public func diversion(_ id: DiversionID) -> DiversionView {
        let diversion = diversions[id.index]
        guard let item = diversion.item else { preconditionFailure("a diversion that has ended was asked for") }
        return DiversionView(
            target: diversion.target, subscription: diversion.owner?.id, item: view(item), attempts: item.attempts,
            retries: item.retries, firstAttempt: item.attempts > 0 ? item.firstAttempt : nil,
            lastAttempt: diversion.lastAttempt, kind: diversion.kind, status: diversion.status, message: diversion.message,
            byReference: diversion.byReference)
    }
}
