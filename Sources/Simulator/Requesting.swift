import DeliveryCore
import EventModel

// A replica sends requests, and endpoints answer.
extension Simulation {
    func attempt(_ id: DeliveryID, _ replica: Replica) {
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

    func cancel(_ id: DeliveryID, _ replica: Replica) {
        guard let attempt = replica.attempts[id.index] else { return violation(.effects, "a request was cancelled that is not under way") }
        for event in attempt.events { ledger.excuse(Pair(subscription: attempt.subscription, event: event)) }
        replica.attempts[id.index]!.serial = -1
        let sent = now
        answer(replica, after: .milliseconds(1)) { simulation in
            simulation.ended(id, AttemptOutcome(failure: .network, message: "cancelled"), sent, replica)
        }
    }
}
