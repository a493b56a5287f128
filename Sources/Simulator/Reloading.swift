import DeliveryCore
import EventModel

// Manifests change while replicas run.
extension Simulation {
    /// What the manifests list just now.
    var manifest: [Subscription] {
        scenario.subscriptions.indices.filter { !removed.contains($0) }.map {
            var policy = policies[$0]
            policy.description = "edition \(editions[$0])"
            return policy
        }
    }

    func remove(_ subscription: Int, for span: TimeSpan) {
        guard !removed.contains(subscription) else { return }
        removed.insert(subscription)
        note(.remove, nil, Int64(subscription), text: "\(scenario.subscriptions[subscription].name) for \(span)")
        reload()
        after(max(span, .seconds(6))) { simulation in
            simulation.removed.remove(subscription)
            simulation.note(.bringBack, nil, Int64(subscription), text: simulation.scenario.subscriptions[subscription].name)
            // A replica that stands still all the time does not see that it was away.
            let sleepsSuspended = simulation.replicas.contains { replica in
                replica.isStandingStill && replica.account.outlets.contains { $0.index == subscription && $0.isSuspended && !$0.isRemoved }
            }
            if !sleepsSuspended { simulation.suspended.remove(subscription) }
            // It is a new one to the engines: with a budget of its own, and no memory of what the endpoint asked for.
            simulation.additions[subscription] += simulation.replicas.count
            simulation.reload()
            // An operator's word outlives an edit of the manifest.
            if simulation.paused.contains(subscription) { simulation.tellAll(subscription) { .pause($0) } }
            if let limit = simulation.allowedRates[subscription] { simulation.tellAll(subscription) { .allowedRate($0, limit) } }
        }
    }

    func edit(_ subscription: Int) {
        editions[subscription] += 1
        note(.edit, nil, Int64(subscription), text: scenario.subscriptions[subscription].name)
        suspended.remove(subscription)
        reload()
    }

    func change(_ subscription: Int, _ change: Scenario.Change) {
        note(.edit, nil, Int64(subscription), Trace.word("\(change)"), text: "subscription \(subscription): \(change)")
        var policy = policies[subscription]
        switch change {
        case .maxInFlight(let limit): policy.delivery.maxInFlight = limit
        case .timeout(let span): policy.delivery.timeout = span
        case .schedule(let schedule): policy.retry.schedule = schedule
        case .jitter(let jitter): policy.retry.jitter = jitter
        case .giveUpAfter(let span): policy.retry.giveUpAfter = span
        case .burst(let burst): policy.diversion.burst = burst
        case .drop(let drop): policy.deadLetter.drop = drop
        case .batch(let count):
            var batch = BatchPolicy()
            batch.maxEvents = max(1, count)
            policy.batch = count > 0 ? batch : nil
        case .filter(let prefix): policy.filters = [.prefix([AttributeOperand(attribute: "type", operand: prefix)])]
        case .enabled(let isEnabled): policy.enabled = isEnabled
        case .retriesNothing: policy.retry.on = []
        case .deduplicate(let window):
            policy.deduplicate = window > .zero ? DeduplicationPolicy(window: window) : nil
            beginMemories(of: subscription)
        }
        policies[subscription] = policy
        editions[subscription] += 1
        suspended.remove(subscription)
        filtersInForce[subscription].append(policy.filters)
        mayDrop[subscription] = mayDrop[subscription] || policy.deadLetter.drop
        leastGiveUpAfter[subscription] = min(leastGiveUpAfter[subscription], policy.retry.giveUpAfter)
        reload()
    }

    private func reload() {
        for replica in replicas where replica.isUp {
            whenAwake(replica) { $0.step(replica.index, .subscriptions($0.manifest)) }
        }
    }
}
