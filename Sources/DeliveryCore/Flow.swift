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
        }
        stopFlow(state)
    }

    mutating func probe(_ state: SubscriptionState) {
        guard state.circuit.state == .open, state.isRunning, state.circuit.nextProbe <= now.instant else { return }
        state.circuit.probe()
        state.probes += 1
        // With several events that failed there is enough to try; with few, new ones must have their turn.
        if state.stalled.count < 2 || state.probes % 2 == 0 { startFlow(state) }
        markReady(state)
    }

    mutating func suspend(_ state: SubscriptionState, _ reason: String) {
        guard state.suspension == nil else { return }
        state.suspension = reason
        report(.suspended(state.id, reason: reason))
        stopFlow(state)
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
        while let part = state.parts.popFirst() { for item in part { stall(item, state) } }
    }
}
