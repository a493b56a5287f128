import DeliveryCore
import EventModel

// A replica writes records for the retry and dead-letter topics.
extension Simulation {
    func divert(_ id: DiversionID, _ replica: Replica) {
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
}
