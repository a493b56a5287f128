import DequeModule
import EventModel

/// Subscriptions in line for their next request. Each priority has a line of its own; when all are waited in, turns are
/// shared out 8 to 4 to 1, so that nobody starves (weighted round robin).
struct ReadyLine {
    private struct Lane {
        var line = Deque<SubscriptionState>()
        var turns: Int
        let weight: Int

        init(weight: Int) {
            self.weight = weight
            turns = weight
        }
    }

    /// Those that go first, first.
    private var lanes = [Lane(weight: 8), Lane(weight: 4), Lane(weight: 1)]

    mutating func append(_ state: SubscriptionState) {
        let lane =
            switch state.policy.delivery.priority {
            case .high: 0
            case .normal: 1
            case .low: 2
            }
        lanes[lane].line.append(state)
    }

    mutating func popFirst() -> SubscriptionState? {
        var isWaitedIn = false
        for i in lanes.indices where !lanes[i].line.isEmpty {
            isWaitedIn = true
            guard lanes[i].turns > 0 else { continue }
            lanes[i].turns -= 1
            return lanes[i].line.removeFirst()
        }
        guard isWaitedIn else { return nil }
        // All that wait have had their turns.
        for i in lanes.indices { lanes[i].turns = lanes[i].weight }
        return popFirst()
    }

    func count(where matches: (SubscriptionState) -> Bool) -> Int { lanes.reduce(0) { $0 + $1.line.count(where: matches) } }
}
