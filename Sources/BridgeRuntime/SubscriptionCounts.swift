import DeliveryCore

/// What the engine does not know, counted by subscription; one shard's. Outlives routes and outlets, which reloads make anew.
final class SubscriptionCounts {
    private let property: WritableKeyPath<SubscriptionCounters, UInt64>
    private var counts: [String: UInt64] = [:]

    /// - Parameter property: where a snapshot has them.
    init(_ property: WritableKeyPath<SubscriptionCounters, UInt64>) { self.property = property }

    func count(_ subscription: String, _ amount: Int = 1) { counts[subscription, default: 0] += UInt64(amount) }

    func fill(_ snapshot: inout CoreSnapshot) {
        guard !counts.isEmpty else { return }
        for i in snapshot.subscriptions.indices {
            snapshot.subscriptions[i].counters[keyPath: property] = counts[snapshot.subscriptions[i].name] ?? 0
        }
    }
}
