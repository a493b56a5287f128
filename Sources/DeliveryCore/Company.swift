import EventModel

// A failed batch says little about each of its events: most of them, or all, may be in the company of the one that is to blame.
// So those that wait in memory for their next attempt come again together: the first time as the batch they were, as most
// failures pass; after that in halves, so that an event fails 1 + log2(n) times along with others at most, and then goes alone.
// Nothing else travels with them: it might fail because of them.
extension DeliveryCore {
    /// Notes who of a failed batch may come again together.
    mutating func inCompany(_ items: ContiguousArray<Item>) -> ContiguousArray<Item> {
        guard items.count > 1 else { return items }
        let isFirstFailure = items.allSatisfy { $0.attempts == 1 }
        return inCompany(items, of: isFirstFailure ? items.count : (items.count + 1) / 2)
    }

    /// - Parameter size: of each company; the last has what is left.
    mutating func inCompany(_ items: ContiguousArray<Item>, of size: Int) -> ContiguousArray<Item> {
        var items = items
        for i in items.indices {
            if i % size == 0 { lastCompany &+= 1 }
            items[i].company = lastCompany
        }
        return items
    }

    /// Whether an event may join one that is the first of its batch.
    func isCompany(_ item: Item, of first: Item) -> Bool {
        item.company == first.company && (item.company != 0 || item.attempts + first.attempts == 0)
    }

    /// Whether a batch that failed has come to the end of its schedule. Nobody is given up for an answer that may be about
    /// another: it is cut in two, as one that was refused.
    func isSpent(_ items: ContiguousArray<Item>, _ state: SubscriptionState, _ outcome: AttemptOutcome) -> Bool {
        items.count > 1 && state.circuit.state == .closed && !outcome.isOutage
            && items.contains { !abandoned($0) && $0.retries >= state.policy.retry.schedule.count }
    }

    /// In `0 ..< 1`; the same for those who wait in memory to come again together.
    mutating func jitter(of item: Item, _ policy: RetryPolicy) -> Double {
        let isKept = item.key != nil || policy.schedule[item.retries] <= options.longestDelayInMemory
        guard item.company != 0, isKept else { return generator.unit() }
        var shared = SeededGenerator(seed: options.seed &+ UInt64(item.company))
        return shared.unit()
    }
}
