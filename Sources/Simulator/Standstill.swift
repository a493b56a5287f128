import DeliveryCore
import EventModel

// A process stands still (a suspended machine, a debugger, SIGSTOP) while the world goes on. What it had sent goes its way;
// what comes for it waits. If it takes too long the group goes on without it, and it wakes as a zombie: with work in hand
// that is another's by now. Its performer notices the stall, says so to the engine before anything else, and asks the group.
extension Simulation {
    /// Without a heartbeat for so long a member is expelled.
    static let sessionTimeout = TimeSpan.seconds(6)

    func standStill(_ index: Int, for span: TimeSpan) {
        let replica = replicas[index]
        guard replica.isUp, !replica.isStandingStill, replica.effectsToLive == nil else { return }
        note(.standstill, replica, span.nanoseconds, text: "for \(span)")
        replica.standsStillSince = now
        let incarnation = replica.incarnation
        let since = now
        after(Self.sessionTimeout) { simulation in
            guard replica.isAlive(incarnation), replica.standsStillSince == since else { return }
            simulation.expelZombie(replica)
        }
        after(span) { simulation in
            guard replica.isAlive(incarnation), replica.standsStillSince == since else { return }
            simulation.wake(replica)
        }
    }

    /// The group goes on without it; the next owners will repeat what it could not commit.
    private func expelZombie(_ replica: Replica) {
        note(.expel, replica)
        replica.isExpelled = true
        excuseRepetitions(of: coordinator.seats.filter { $0.owner == replica.index }, heldBy: replica)
        coordinator.members.removeAll { $0 == replica.index }
        expel(replica.index)
    }

    func wake(_ replica: Replica) {
        guard let since = replica.standsStillSince else { return }
        note(.wake, replica, text: "after \(now - since)")
        replica.standsStillSince = nil
        replica.heldUpUntil = now
        let incarnation = replica.incarnation
        if now - since > Self.sessionTimeout * 0.5, !replica.core.owned.isEmpty {
            step(replica.index, .membershipDoubted)
            guard replica.isAlive(incarnation) else { return }
            askMembership(replica)
        } else if replica.isExpelled, !replica.account.isInDoubt {
            comeBack(replica)
        }
        let waiting = replica.inbox
        replica.inbox = []
        for action in waiting {
            guard replica.isAlive(incarnation) else { return }
            action(self)
        }
        guard replica.isAlive(incarnation) else { return }
        step(replica.index, .tick)
        if replica.isAlive(incarnation) { stopIfLeft(replica.index) }
    }

    private func askMembership(_ replica: Replica) {
        answer(replica, after: milliseconds(1...50)) { simulation in
            if simulation.broker.isDisturbed(.away, at: simulation.now) {
                return simulation.answer(replica, after: .milliseconds(500)) { $0.askMembership(replica) }
            }
            let incarnation = replica.incarnation
            if replica.isExpelled {
                let handles = replica.core.owned
                replica.readers = []
                simulation.step(replica.index, .lost(handles))
                guard replica.isAlive(incarnation) else { return }
            }
            simulation.step(replica.index, .membershipSettled)
            guard replica.isAlive(incarnation), replica.isExpelled else { return }
            simulation.comeBack(replica)
        }
    }

    /// As a new member.
    private func comeBack(_ replica: Replica) {
        let incarnation = replica.incarnation
        after(milliseconds(10...2000)) { simulation in
            guard replica.isAlive(incarnation), replica.isExpelled else { return }
            replica.isExpelled = false
            guard !replica.isLeaving else { return simulation.stopIfLeft(replica.index) }
            simulation.coordinator.members.append(replica.index)
            simulation.coordinator.members.sort()
            simulation.rebalance()
        }
    }
}
