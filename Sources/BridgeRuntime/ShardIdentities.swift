import Aggregation
import DeliveryCore
import EventFormats
import EventModel
import KafkaClient

/// Tells what records of a shard's subscriptions are the same event, for those that drop repeats.
///
/// The engine asks from within its steps, so nothing here may look at the engine.
final class ShardIdentities: EventIdentities {
    private final class Kept {
        let topic: String
        let policy: DeduplicationPolicy
        let reader: IdentityReader

        init(_ subscription: Subscription, _ policy: DeduplicationPolicy, decoder: EventDecoder) {
            topic = subscription.topic
            self.policy = policy
            reader = IdentityReader(policy, decoder: decoder)
        }
    }

    /// By the engine's index of the subscription.
    private var subscriptions: [Kept?] = []
    private var view = RecordView.none

    /// The manifests, once the engine has them.
    ///
    /// - Parameter current: subscriptions with their topics' decoders, by the engine's index.
    func install(_ current: some Sequence<(policy: Subscription, decoder: EventDecoder)?>) {
        subscriptions = current.enumerated().map { index, subscription in
            guard let (subscription, decoder) = subscription, let policy = subscription.deduplicate else { return nil }
            if index < subscriptions.count, let same = subscriptions[index], same.policy == policy, same.topic == subscription.topic {
                same.reader.decoder = decoder
                return same
            }
            return Kept(subscription, policy, decoder: decoder)
        }
    }

    func identity(of record: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> EventIdentity? {
        // Of a subscription that has just got its policy, from within that very step: nothing is there yet to be known.
        guard subscription.index < subscriptions.count, let kept = subscriptions[subscription.index] else { return nil }
        view.show(KafkaRecord(bits: record.bits), topic: kept.topic)
        return kept.reader.identity(of: view)
    }
}
