import DeliveryCore

/// How often filters met errors, by subscription; one shard's. Outlives the routes, which every reload makes anew.
final class FilterErrors {
    private var counts: [String: UInt64] = [:]

    func count(_ subscription: String) { counts[subscription, default: 0] += 1 }

    func fill(_ snapshot: inout CoreSnapshot) {
        guard !counts.isEmpty else { return }
        for i in snapshot.subscriptions.indices {
            snapshot.subscriptions[i].counters.filterErrors = counts[snapshot.subscriptions[i].name] ?? 0
        }
    }
}
