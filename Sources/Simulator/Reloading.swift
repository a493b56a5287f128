import DeliveryCore
import EventModel

// Manifests change while replicas run.
extension Simulation {
    /// What the manifests list just now.
    var manifest: [Subscription] {
        scenario.subscriptions.indices.filter { !removed.contains($0) }.map {
            var policy = scenario.subscriptions[$0]
            policy.description = "edition \(editions[$0])"
            return policy
        }
    }

    func remove(_ subscription: Int, for span: TimeSpan) {
        guard !removed.contains(subscription) else { return }
        removed.insert(subscription)
        note(.remove, nil, Int64(subscription), text: "\(scenario.subscriptions[subscription].name) for \(span)")
        // What is in flight for it ends without effect on its cursor: when it comes back that is repeated.
        excuseRepetitions(of: subscription)
        reload()
        after(max(span, .seconds(6))) { simulation in
            simulation.removed.remove(subscription)
            simulation.note(.bringBack, nil, Int64(subscription), text: simulation.scenario.subscriptions[subscription].name)
            simulation.suspended.remove(subscription)
            // It is a new one to the engines: with a budget of its own, and no memory of what the endpoint asked for.
            simulation.additions[subscription] += simulation.replicas.count
            simulation.reload()
        }
    }

    func edit(_ subscription: Int) {
        editions[subscription] += 1
        note(.edit, nil, Int64(subscription), text: scenario.subscriptions[subscription].name)
        suspended.remove(subscription)
        reload()
    }

    private func reload() { for replica in replicas where replica.isUp { step(replica.index, .subscriptions(manifest)) } }
}
