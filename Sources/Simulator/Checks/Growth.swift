import DeliveryCore
import EventModel

// An outage does not pour the topic into the retry and dead-letter topics.
extension Ledger {
    mutating func checkGrowth(_ view: DiversionView, _ pair: Pair, _ simulation: Simulation) {
        guard !view.item.isRetryRecord else { return }
        switch view.kind {
        case .poison, .expired, .aborted, .removed: return
        default: break
        }
        diverted[pair.subscription] += 1
        let policy = simulation.scenario.subscriptions[pair.subscription].diversion
        let budget = policy.burst * (simulation.engines + simulation.additions[pair.subscription]) + Int(Double(successes[pair.subscription]) * policy.perSuccess)
        if diverted[pair.subscription] > budget {
            simulation.violation(.diversion, "\(diverted[pair.subscription]) events of \(simulation.scenario.subscriptions[pair.subscription].name) were diverted; the budget is \(budget)")
        }
    }
}
