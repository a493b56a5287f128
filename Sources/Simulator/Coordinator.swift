import DeliveryCore
import EventModel

/// The consumer group: which replica owns which partition. Partitions move one by one and never have two owners:
/// revoked, released by the old owner, then assigned to the new one.
struct Coordinator {
    struct Seat {
        var topic: Int
        var partition: Int32
        var owner: Int? = nil
        var isRevoking = false
        /// Given to its owner, but the word of it is still on its way.
        var isArriving = false
    }

    var seats: [Seat] = []
    var members: [Int] = []

    /// The owner each seat should have: as now where that is fair, else the member with the fewest.
    func target() -> [Int?] {
        guard !members.isEmpty else { return seats.map { _ in nil } }
        let fair = (seats.count + members.count - 1) / members.count
        var load = [Int: Int]()
        var target = [Int?](repeating: nil, count: seats.count)
        for (i, seat) in seats.enumerated() {
            guard let owner = seat.owner, members.contains(owner), load[owner, default: 0] < fair else { continue }
            target[i] = owner
            load[owner, default: 0] += 1
        }
        for i in seats.indices where target[i] == nil {
            let member = members.min { (load[$0, default: 0], $0) < (load[$1, default: 0], $1) }!
            target[i] = member
            load[member, default: 0] += 1
        }
        return target
    }
}

extension Simulation {
    /// Moves what is not where it should be one step on. Called whenever membership or ownership changed.
    func rebalance() {
        let target = coordinator.target()
        var given = [Int: [Int]]()
        for i in coordinator.seats.indices {
            let seat = coordinator.seats[i]
            guard seat.owner != target[i], !seat.isRevoking, !seat.isArriving else { continue }
            if let owner = seat.owner {
                coordinator.seats[i].isRevoking = true
                let incarnation = replicas[owner].incarnation
                after(.milliseconds(Int64(random.int(1...20)))) { $0.revoke(i, from: owner, incarnation) }
            } else if let member = target[i] {
                coordinator.seats[i].owner = member
                coordinator.seats[i].isArriving = true
                given[member, default: []].append(i)
            }
        }
        for member in coordinator.members {
            guard let seats = given[member] else { continue }
            let incarnation = replicas[member].incarnation
            after(.milliseconds(Int64(random.int(1...50)))) { $0.assign(seats, to: member, incarnation) }
        }
    }

    private func assign(_ seats: [Int], to member: Int, _ incarnation: Int) {
        for i in seats { coordinator.seats[i].isArriving = false }
        guard replicas[member].isAlive(incarnation) else { return }
        whenAwake(replicas[member]) { simulation in
            guard !simulation.replicas[member].isExpelled else { return }
            let mine = seats.filter { simulation.coordinator.seats[$0].owner == member }
            simulation.step(member, .assigned(mine.map { simulation.name(of: simulation.coordinator.seats[$0]) }))
            simulation.rebalance()
        }
    }

    private func revoke(_ seat: Int, from member: Int, _ incarnation: Int) {
        guard replicas[member].isAlive(incarnation) else { return }
        whenAwake(replicas[member]) { simulation in
            guard simulation.coordinator.seats[seat].owner == member,
                let handle = simulation.replicas[member].core.handle(of: simulation.name(of: simulation.coordinator.seats[seat]))
            else { return }
            simulation.step(member, .revoking([handle]))
        }
    }

    func released(_ handle: PartitionHandle, by member: Int) {
        let name = replicas[member].core.name(of: handle)
        // A zombie lets go of what it does not have.
        if replicas[member].isExpelled { return }
        guard let i = coordinator.seats.firstIndex(where: { self.name(of: $0) == name && $0.owner == member }) else {
            return violation(.ownership, "a partition was released that its releaser did not own: \(name)")
        }
        if !coordinator.seats[i].isRevoking { violation(.ownership, "a partition was released that nobody asked for: \(name)") }
        // The drain ran into its limit, which was said: what it could not commit comes again.
        if replicas[member].account.timedOut.contains(handle) { excuseRepetitions(of: [coordinator.seats[i]], heldBy: replicas[member]) }
        let incarnation = replicas[member].incarnation
        after(.milliseconds(Int64(random.int(1...20)))) { simulation in
            guard simulation.replicas[member].incarnation == incarnation, simulation.coordinator.seats[i].owner == member else { return }
            simulation.coordinator.seats[i].owner = nil
            simulation.coordinator.seats[i].isRevoking = false
            simulation.rebalance()
            simulation.stopIfLeft(member)
        }
    }

    /// The session has timed out: what the member owned is free.
    func expel(_ member: Int) {
        note(.expel, replicas[member])
        for i in coordinator.seats.indices where coordinator.seats[i].owner == member {
            coordinator.seats[i].owner = nil
            coordinator.seats[i].isRevoking = false
            coordinator.seats[i].isArriving = false
        }
        rebalance()
    }

    func owner(of key: CursorKey) -> Int? { coordinator.seats.first { $0.topic == key.topic && $0.partition == key.partition }?.owner }

    func name(of seat: Coordinator.Seat) -> TopicPartitionName {
        TopicPartitionName(topic: topicName(seat.topic), partition: seat.partition)
    }
}
