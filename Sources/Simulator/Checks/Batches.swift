import DeliveryCore
import EventModel

/// > **Batch**: up to `maxEvents` or `maxBytes`, or `maxWait` after the first.
///
/// One event may be larger; and what was cut by an earlier edition of the manifest goes as it is.
extension Simulation {
    func judgeBatch(_ delivery: Delivery, _ policy: Subscription, _ replica: Replica) {
        guard let batch = policy.batch else {
            if delivery.count != 1, !replica.hadBatches { violation(.limits, "a batch nobody asked for") }
            return
        }
        replica.hadBatches = true
        if delivery.count > batch.maxEvents, editions[subscriptionIndex[policy.name]!] == 0 { violation(.limits, "a batch larger than maxEvents") }
        var bytes = 0
        for i in 0..<delivery.count { bytes += replica.tokens[replica.core.item(i, of: delivery).token]?.record.bytes ?? 0 }
        if delivery.count > 1, bytes > batch.maxBytes, editions[subscriptionIndex[policy.name]!] == 0 { violation(.limits, "a batch of \(bytes) bytes; it may have \(batch.maxBytes)") }
    }
}
