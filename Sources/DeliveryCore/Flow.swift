import DequeModule
import EventModel

// Subscriptions stop and go: outages, suspensions, probes.
extension DeliveryCore {
    mutating func openCircuit(_ state: SubscriptionState, _ reason: String) {
        guard state.circuit.state != .open else { return }
        let wasClosed = state.circuit.state == .closed
        state.circuit.open(reason: reason, at: now.instant, options: options, jitter: generator.unit())
        timers.set(.probe(state.id), at: state.circuit.nextProbe)
        if wasClosed {
            state.counters.circuitOpenings += 1
            report(.circuitOpened(state.id, reason: reason))
        } else {
            expireWaiting(state)
        }
        stopFlow(state)
    }

    mutating func probe(_ state: SubscriptionState) {
        guard state.circuit.state == .open, state.isRunning, state.circuit.nextProbe <= now.instant else { return }
        let isForNew = !state.probes.isMultiple(of: 2)
        // With several events that failed there is enough to try; with few, new ones must have their turn.
        if !state.isFlowing, isForNew || state.stalled.count < 2 {
            startFlow(state)
            if isForNew, state.freshCount == 0, !state.stalled.isEmpty {
                // They have to be read first.
                state.circuit.postpone(until: now.instant + options.firstProbe)
                return timers.set(.probe(state.id), at: state.circuit.nextProbe)
            }
        }
        state.circuit.probe()
        state.probes += 1
        markReady(state)
    }

    /// A probe that finds nothing to send, because what had failed before was given up or went to another owner, tries
    /// a new event.
    mutating func probeNewEvents(_ state: SubscriptionState) {
        if state.circuit.state == .probing, state.isRunning, !state.isFlowing { startFlow(state) }
    }

    static let tooOld = FailureDetails(kind: .expired, message: "older than giveUpAfter while its endpoint fails")

    /// The endpoint has just failed again: what is too old by now is given up without an attempt of its own.
    private mutating func expireWaiting(_ state: SubscriptionState) {
        let limit = state.policy.retry.giveUpAfter
        for _ in 0..<state.stalled.count {
            guard let item = state.stalled.popFirst() else { break }
            if !abandoned(item), isExpired(item, state) {
                state.stalledBytes -= bytes(of: item)
                divertDead(item, state, Self.tooOld)
            } else {
                state.stalled.append(item)
            }
        }
        for cursor in state.cursors {
            while mayTake(cursor), let since = waitsSince(cursor), now.wall - since >= limit, nextRecord(of: cursor) != nil {
                guard let item = takeNext(of: cursor, state) else { continue }
                guard let order = cursor.order else {
                    divertDead(item, state, Self.tooOld)
                    continue
                }
                if let first = lineUp(item, order, in: nil) { divertDead(first, state, Self.tooOld) }
            }
        }
    }

    mutating func suspend(_ state: SubscriptionState, _ reason: String) {
        guard state.suspension == nil else { return }
        state.suspension = reason
        report(.suspended(state.id, reason: reason))
        halt(state)
    }

    /// It sends nothing until somebody says so, and keeps nothing in memory meanwhile.
    mutating func halt(_ state: SubscriptionState) {
        stopFlow(state)
        setAside(state)
    }

    /// The cursors fill up again.
    mutating func startFlow(_ state: SubscriptionState) {
        state.isFlowing = true
        for cursor in state.cursors {
            tryAttach(cursor)
            updateHunger(cursor)
        }
    }

    /// The cursors hold nothing more: what waits stays in Kafka.
    mutating func stopFlow(_ state: SubscriptionState) {
        state.isFlowing = false
        for cursor in state.cursors {
            dropPending(cursor)
            updateHunger(cursor)
        }
        for _ in 0..<state.again.count { if let item = state.again.popFirst() { stall(item, state) } }
        stallParts(state)
    }

    mutating func stallParts(_ state: SubscriptionState) {
        let items = ContiguousArray(state.parts.joined())
        state.parts.removeAll()
        for item in firstOfEachKey(items, state) { stall(item, state) }
    }
}
