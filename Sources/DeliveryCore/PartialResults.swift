import EventModel

// An endpoint that accepts a batch may name events of it that failed all the same: those are tried later or given up as it says,
// the others are delivered. When it names all of them, nothing was accepted.
//
// In an order, those that failed hold their keys again, the first of each key. One that stood behind it in the batch and was
// accepted is delivered: that its endpoint took it before the other is the endpoint's own word.
extension DeliveryCore {
    mutating func succeededInPart(_ delivery: Delivery, _ state: SubscriptionState, _ outcome: AttemptOutcome) {
        let failed = takeOut(outcome.failedEvents, of: delivery)
        if !delivery.items.isEmpty {
            succeeded(delivery, state)
        } else {
            count(failed.contains { !$0.isRefused } ? .retry : .refused, state)
            free(delivery, state)
        }
        let details = FailureDetails(kind: .http, status: outcome.status, message: outcome.message, attempted: now.wall)
        let items = firstOfEachKey(failed, state)
        // Each was judged by itself, so there is none to be found out by halves.
        for item in inCompany(items, of: items.count) {
            if item.isRefused { giveUp(item, state, details) } else { tryLater(item, state, outcome, details) }
        }
    }

    private mutating func takeOut(_ events: [AttemptOutcome.FailedEvent], of delivery: Delivery) -> ContiguousArray<Item> {
        var failed = ContiguousArray<Item>()
        var accepted = ContiguousArray<Item>()
        for var item in delivery.items {
            let index = failed.count + accepted.count
            guard failed.count < events.count, events[failed.count].index == index else {
                accepted.append(item)
                continue
            }
            item.isRefused = !events[failed.count].retry
            countBusy(item, -1)
            failed.append(item)
        }
        precondition(failed.count == events.count, "events that failed are named once, in the order of their batch")
        setDelivery(nil, failed)
        delivery.items = accepted
        return failed
    }
}
