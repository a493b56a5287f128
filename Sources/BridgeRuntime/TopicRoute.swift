import DeliveryCore
import EventFormats
import EventModel
import Filters

/// How one topic's records become events and find their subscriptions. One shard's.
final class TopicRoute {
    let topic: String
    let decoder: EventDecoder
    /// Some subscription keeps the order of keys or partitions.
    let isOrdered: Bool
    /// Some subscription writes a repartition topic.
    let hasRepartitions: Bool
    private let matcher: TopicMatcher
    /// The engine's slot of each subscription of the matcher, ascending.
    private let slots: [Int32]
    private let names: [String]
    private let errors: SubscriptionCounts
    /// Without filters nothing has to be decoded to know who gets a record.
    private let matchesAll: Bool
    private var matched = ContiguousArray<Int32>()
    /// What the last record's value takes as JSON, where it was something else.
    private(set) var unframedBytes = 0

    init(
        _ manifest: TopicManifest, subscriptions: [(slot: Int32, policy: Subscription)], errors: SubscriptionCounts, schemas: (any SchemaSource)?
    ) {
        // Of a repartition topic the records say what they are of another one.
        topic = subscriptions.first?.policy.sourceTopic ?? manifest.topic
        isOrdered = subscriptions.contains { $0.policy.delivery.ordering != .none }
        hasRepartitions = subscriptions.contains { if case .writes = $0.policy.repartitioning { true } else { false } }
        self.errors = errors
        decoder = EventDecoder(topic: topic, mapping: manifest.mapping, schemas: schemas)
        matcher = TopicMatcher(filters: subscriptions.map(\.policy.filters))
        slots = subscriptions.map(\.slot)
        names = subscriptions.map(\.policy.name)
        matchesAll = subscriptions.allSatisfy(\.policy.filters.isEmpty)
    }

    /// Appends the slots that the record matches; nil when it is not a valid event.
    func match(_ record: RecordView, into matches: inout [Int32]) -> Int? {
        unframedBytes = 0
        // What a framed value takes as JSON has to be known in any case.
        if matchesAll, decoder.schema(of: record) == nil {
            matches.append(contentsOf: slots)
            return slots.count
        }
        do throws(PoisonReason) {
            let event = try decoder.decode(record)
            unframedBytes = decoder.unframedBytes
            matched.removeAll(keepingCapacity: true)
            matcher.match(event, into: &matched) { errors.count(names[Int($0)]) }
            for index in matched { matches.append(slots[Int(index)]) }
            return matched.count
        } catch {
            return nil
        }
    }

    /// Why a record is not a valid event.
    func poisonReason(_ record: RecordView) -> String {
        do throws(PoisonReason) {
            _ = try decoder.decode(record)
            return "the record is not a valid event"
        } catch {
            return error.message
        }
    }
}
