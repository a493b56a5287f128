import DeliveryCore
import EventFormats
import EventModel
import KafkaClient

/// What events are the same, told by the code that serves, and beside it where each was seen last.
final class SightingJournal: EventIdentities {
    struct Place {
        var partition: Int32
        var offset: Int64
    }

    private struct Sighting: Hashable {
        var identity: EventIdentity
        var partition: Int32
    }

    private let identities = ShardIdentities()
    private var last: [Sighting: Place] = [:]
    /// Where the same event was before the record that was asked for last.
    private(set) var before: Place?

    init(_ subscriptions: [(policy: Subscription, decoder: EventDecoder)?]) { identities.install(subscriptions) }

    func identity(of record: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> EventIdentity? {
        guard let identity = identities.identity(of: record, of: partition, for: subscription) else { return nil }
        let record = KafkaRecord(bits: record.bits)
        let sighting = Sighting(identity: identity, partition: record.partition)
        before = last[sighting]
        last[sighting] = Place(partition: record.partition, offset: record.offset)
        return identity
    }
}
