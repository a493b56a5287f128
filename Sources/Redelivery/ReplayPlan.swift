public import EventFormats
public import EventModel
internal import Filters
public import KafkaClient

/// The registry could not be asked for a schema: what is no valid event is not known.
public struct SchemaMissing: Error {
    public var schema: ConfluentFrame.SchemaID
}

/// Events of a topic go to one of its subscriptions again, as far as they match its filters.
public struct ReplayPlan: JobPlan {
    /// The record is not a valid event.
    public static let poison = FailureKind.poison.rawValue

    private let subscription: Subscription
    private let from: WallTime?
    private let until: WallTime?
    private let key: String?
    private let reader: EventReader
    private let matcher: TopicMatcher
    private var matches = ContiguousArray<Int32>()

    public init(_ subscription: Subscription, _ mapping: EventMapping, from: WallTime?, until: WallTime?, key: String?, schemas: (any SchemaSource)? = nil) {
        self.subscription = subscription
        self.from = from
        self.until = until
        self.key = key
        reader = EventReader(topic: subscription.topic, mapping: mapping, schemas: schemas)
        matcher = TopicMatcher(filters: [subscription.filters])
    }

    public mutating func judge(_ record: KafkaRecord, of partition: TopicPartition) throws -> Judgement {
        let time = WallTime(milliseconds: record.timestamp)
        if let from, time < from { return .passOver }
        if let until, time >= until { return .passOver }
        if let key, !(record.key.map { $0.elementsEqual(key.utf8) } ?? false) { return .passOver }
        let place = RecordPlace(record, of: partition)
        if let schema = reader.missingSchema(of: record, at: place, time: time) { throw SchemaMissing(schema: schema) }
        do throws(PoisonReason) {
            let event = try reader.event(of: record, value: record.value, at: place, time: time)
            matches.removeAll(keepingCapacity: true)
            matcher.match(event, into: &matches)
            return matches.isEmpty ? .passOver : .send(subscription.name)
        } catch {
            return .refuse(Self.poison)
        }
    }

    public func headers(for record: KafkaRecord, of partition: TopicPartition, byReference: Bool, mark: JobMark, at now: WallTime) -> HeaderList {
        AddressedRecord.headers(replaying: record, of: partition, to: subscription.name, byReference: byReference, job: mark, at: now)
    }

    public func label(of record: KafkaRecord) -> String? { nil }
}
