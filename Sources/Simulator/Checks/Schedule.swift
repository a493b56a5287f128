import DeliveryCore
import EventModel

/// > **Backoff is never early, and late by a stated bound.** It never blocks a partition.
///
/// The due time of every retry record lies in what the schedule says for the step it is at; attempts are counted; a dead
/// letter is only for what is beyond help.
extension Simulation {
    /// An event is sent.
    func judgeAttempt(of item: Account.Item, _ loan: TokenTable.Loan, _ subscription: Int, _ replica: Replica) -> Int {
        var tries = replica.account.tries[item] ?? firstTries(item, loan, subscription, replica)
        let wall = wallTime(of: replica)
        if tries.isUnderWay { violation(.duplicates, "\(tries.event) is sent twice at once") }
        if tries.diversion != nil { violation(.duplicates, "\(tries.event) is sent while it is handed on") }
        if let time = tries.notBefore, !replica.hasSeen(time, wall, knownSince: tries.failedAt) { violation(.schedule, "\(tries.event) is tried again \(time - wall) too early") }
        if let retry = loan.record.retry, !replica.hasSeen(retry.due, wall, knownSince: loan.since) { violation(.schedule, "a retry record is sent \(retry.due - wall) before it is due") }
        if let phase = replica.account.phases[item.handle], phase != .reading {
            violation(.ownership, "an attempt for a partition that is \(phase)")
        }
        if replica.account.isMoving(item) { violation(.ownership, "an attempt of \(tries.event), whose cursor is to go elsewhere") }
        if tries.attempts == 0 { tries.firstAttempt = wall }
        tries.isUnderWay = true
        replica.account.tries[item] = tries
        return tries.attempts
    }

    func firstTries(_ item: Account.Item, _ loan: TokenTable.Loan, _ subscription: Int, _ replica: Replica) -> Account.Tries {
        let record = loan.record
        guard let retry = record.retry else {
            return Account.Tries(
                attempts: 0, retries: 0...0, created: record.timestamp, event: record.event, subscription: subscription, isPoison: record.isPoison,
                line: item.subscription.flatMap { line(of: record, replica.account.outlets[$0.index].policy) }, bytes: record.bytes)
        }
        var tries = Account.Tries(
            attempts: retry.attempts, retries: retry.retries...retry.retries, created: retry.created, event: record.event,
            subscription: subscription, isPoison: record.poison)
        tries.firstAttempt = retry.firstAttempt
        return tries
    }

    /// An event is handed to the retry or the dead-letter topic.
    func judgeDiversion(_ view: DiversionView, _ loan: TokenTable.Loan, _ subscription: Int, _ replica: Replica) {
        let item = item(of: view)
        var tries = replica.account.tries[item] ?? firstTries(item, loan, subscription, replica)
        defer {
            tries.diversion = view
            replica.account.tries[item] = tries
        }
        if tries.isUnderWay { violation(.duplicates, "\(tries.event) is handed on while it is sent") }
        if replica.account.phases[item.handle] != .reading {
            violation(.ownership, "an event is handed on of a partition that is \(replica.account.phases[item.handle].map { "\($0)" } ?? "nobody's")")
        }
        if let before = tries.diversion { return judgeRepetition(view, before, tries) }
        if tries.isUncertain || replica.account.isSettling { return }
        // What is still under way for a removed subscription ends somehow; it is dead-lettered when it comes again.
        if let id = view.subscription, replica.account.outlets[id.index].isRemoved { return }
        if view.attempts != tries.attempts { violation(.schedule, "\(tries.event) is handed on with \(view.attempts) attempts; there were \(tries.attempts)") }
        if view.byReference { violation(.outcome, "\(tries.event) is cut without need") }
        if loan.record.retry == nil, !loan.record.poison, !mayMatch(subscription, loan.record) {
            violation(.routing, "\(tries.event) is handed on for a subscription whose filters it does not match")
        }
        if view.firstAttempt != (tries.attempts > 0 ? tries.firstAttempt : nil) { violation(.schedule, "\(tries.event) is handed on with the wrong time of its first attempt") }
        let ending = replica.account.ending
        let isFailing = ending?.items.contains(item) ?? false
        if isFailing, view.kind != nil, view.kind != .expired, let failure = tries.failure {
            if view.status != failure.outcome.status || view.lastAttempt != failure.at {
                violation(.outcome, "\(tries.event) is handed on with another failure than its last")
            }
        }
        switch view.target {
        case .retry(let partition, let due): judgeDue(view, partition, due, item, loan, &tries, ending?.consequences[item], replica)
        case .deadLetter: judgeDeadLetter(view, item, tries, isFailing ? ending?.consequences[item] : nil, replica)
        }
    }

    /// The broker refused it: the same again.
    private func judgeRepetition(_ view: DiversionView, _ before: DiversionView, _ tries: Account.Tries) {
        if view.target != before.target || view.attempts != before.attempts || view.retries != before.retries || view.kind != before.kind {
            violation(.outcome, "\(tries.event) is handed on once more, but not as before")
        }
        if before.byReference && !view.byReference { violation(.outcome, "\(tries.event) is handed on whole again, which was too large") }
    }

    private func judgeDue(
        _ view: DiversionView, _ partition: Int32, _ due: WallTime, _ item: Account.Item, _ loan: TokenTable.Loan, _ tries: inout Account.Tries,
        _ consequence: Consequence?, _ replica: Replica
    ) {
        guard let id = view.subscription else { return violation(.outcome, "a retry record for nobody") }
        let policy = replica.account.outlets[id.index].policy.retry
        let wall = wallTime(of: replica)
        let delay = due - wall
        let low: TimeSpan
        let high: TimeSpan
        if case .scheduled(let retries)? = consequence {
            let step = retries - 1
            guard tries.retries.contains(step), policy.schedule.indices.contains(step) else {
                return violation(.schedule, "\(tries.event) goes to the retry topic after \(view.retries) retries; \(tries.retries) were spent of \(policy.schedule.count)")
            }
            let asked = min(tries.failure?.outcome.retryAfter ?? .zero, replica.options.longestRetryAfter)
            low = max(policy.schedule[step], asked)
            high = max(policy.schedule[step] * (1 + policy.jitter), asked)
            tries.retries = retries...retries
        } else {
            guard view.item.isRetryRecord else { return violation(.diversion, "\(tries.event) goes to the retry topic without having failed") }
            if !tries.retries.contains(view.retries) { violation(.schedule, "\(tries.event) changes lanes and spends a retry") }
            let lanes = replica.options.lanes
            let lane = Int(replica.core.name(of: item.handle).partition) % lanes.count
            let next = lanes[min(lane + 1, lanes.count - 1)]
            if due == loan.record.retry?.due, due > wall {
                // Out of the way of others, who were written after it and may be due now.
                if wall - loan.record.timestamp < lanes[lane] { violation(.schedule, "\(tries.event) leaves the lane of \(lanes[lane]) after \(wall - loan.record.timestamp)") }
                low = lanes[0]
                high = delay
            } else {
                // The next lane; or, where others are before it, the time of its turn, which is no further than it has waited.
                let isNext = delay >= next && delay <= next + .milliseconds(1)
                low = isNext ? next : .seconds(1)
                high = isNext ? next : max(.seconds(5), wall - tries.created)
            }
        }
        if delay < low || delay > high + .milliseconds(1) {
            violation(.schedule, "\(tries.event) is due in \(delay); its schedule says between \(low) and \(high)")
        }
        let lanes = replica.options.lanes
        if Int(partition) >= lanes.count * replica.options.partitionsPerLane || partition < 0 { return violation(.schedule, "a retry record goes to a partition that is not there") }
        // The due time is rounded up to the millisecond after the lane was chosen.
        let lane = Int(partition) % lanes.count
        if lane != self.lane(for: delay, lanes), lane != self.lane(for: delay - .milliseconds(1), lanes) {
            violation(.schedule, "a record that is due in \(delay) goes to the lane of \(lanes[lane])")
        }
    }

    private func lane(for delay: TimeSpan, _ lanes: [TimeSpan]) -> Int { lanes.lastIndex { $0 <= delay } ?? 0 }

    private func judgeDeadLetter(_ view: DiversionView, _ item: Account.Item, _ tries: Account.Tries, _ consequence: Consequence?, _ replica: Replica) {
        let wall = wallTime(of: replica)
        if let id = view.subscription, replica.account.outlets[id.index].policy.deadLetter.drop, view.kind != .removed {
            violation(.outcome, "\(tries.event) is dead-lettered; its subscription drops")
        }
        switch view.kind {
        case nil: violation(.outcome, "\(tries.event) is dead-lettered for no reason")
        case .poison:
            if !tries.isPoison { violation(.outcome, "\(tries.event) is an event, and was dead-lettered as none") }
        case .removed:
            if let id = view.subscription { violation(.outcome, "\(tries.event) is dead-lettered as of a removed subscription, which is number \(id.index)") }
        case .expired:
            guard let id = view.subscription else { return violation(.outcome, "an expired event of nobody") }
            let limit = replica.account.outlets[id.index].policy.retry.giveUpAfter
            if wall - tries.created < limit { violation(.outcome, "\(tries.event) is given up as older than \(limit); it is \(wall - tries.created) old") }
        case let kind?:
            if consequence != .deadLetter(kind) { violation(.outcome, "\(tries.event) is dead-lettered as \(kind); expected: \(consequence.map { "\($0)" } ?? "nothing")") }
        }
        if case .deadLetter(let kind)? = consequence, kind != view.kind { violation(.outcome, "\(tries.event) is dead-lettered as \(view.kind.map { "\($0)" } ?? "-") and not as \(kind)") }
    }
}
