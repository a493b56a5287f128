import DeliveryCore
import EventModel

/// > After faults stop, every lag reaches zero; and then the engine comes to rest.
///
/// When nothing is left to do nothing is done, but for what keeps idle cursors alive; and a process that is asked to stop
/// goes without a trace: with nothing in flight, all cursors committed, and every record given back.
extension Simulation {
    static let restFor = TimeSpan.seconds(20)

    func rest() {
        let attemptsBefore = attempts
        let stepsBefore = steps
        // What a crash repeats may still be on its way.
        let isRepeating = replicas.contains { $0.isUp && (!$0.attempts.isEmpty || $0.core.snapshot().subscriptions.contains { $0.waiting > 0 }) }
        let isQuiet = suspended.isEmpty && !isRepeating && policies.allSatisfy(\.enabled) && broker.logs[broker.logs.count - 1].indices.allSatisfy(isCommittedToItsEnd)
        after(Self.restFor) { simulation in
            if isQuiet {
                if simulation.attempts > attemptsBefore { simulation.violation(.progress, "\(simulation.attempts - attemptsBefore) attempts when nothing was left to do") }
                let most = simulation.mostStepsAtRest
                if simulation.steps - stepsBefore > most { simulation.violation(.progress, "\(simulation.steps - stepsBefore) steps in \(Self.restFor) when nothing was left to do; \(most) would be many") }
            }
            simulation.shutDown()
        }
    }

    /// What has its outcome and is not committed, because its owner could not, is repeated when the partition moves.
    private func isCommittedToItsEnd(_ partition: Int) -> Bool {
        let key = CursorKey(subscription: nil, topic: -1, partition: Int32(partition))
        return broker.log(-1, key.partition).index(of: broker.committed[key]?.offset ?? 0) == broker.log(-1, key.partition).records.count
    }

    /// Timers of sweeps; idle cursors that are committed again, with the answers; and what was still to come.
    private var mostStepsAtRest: Int {
        replicas.reduce(50) { most, replica in
            guard replica.isUp else { return most }
            let sweeps = Int(Self.restFor.seconds / replica.options.coldCommitInterval.seconds) + 1
            let commits = Int(Self.restFor.seconds / replica.options.idleCommitInterval.seconds) + 1
            return most + sweeps + 4 * (commits + 1) * (replica.account.groups.count + 1) * (coordinator.seats.count + 1)
        }
    }

    private func shutDown() {
        isShuttingDown = true
        for replica in replicas where replica.isUp { leave(replica.index) }
        // Nothing is in flight, so nobody has to wait for more than a last commit.
        after(.seconds(10)) { simulation in
            for replica in simulation.replicas where replica.isUp { simulation.violation(.progress, "replica \(replica.index) does not stop, and has nothing to do") }
            simulation.finish()
        }
    }

    /// A process is about to end in good order.
    func judgeDeparture(_ replica: Replica) {
        guard !replica.wasEvicted, !replica.account.hasLost else { return }
        if !replica.attempts.values.allSatisfy({ $0.serial < 0 }) { violation(.ownership, "a process left with requests in flight") }
        judgeFigures(replica)
        checkBooks(replica)
        // What ran into the limit of its drain may wait for a moment that does not come any more.
        guard replica.attempts.isEmpty, replica.diversions.isEmpty, replica.account.timedOut.isEmpty else { return }
        if replica.tokens.count > 0 { violation(.records, "a process left with \(replica.tokens.count) records that it did not give back") }
    }
}
