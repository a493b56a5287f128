internal import EventFormats
public import EventModel
internal import Filters
public import KafkaClient

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

    public init(_ subscription: Subscription, _ mapping: EventMapping, from: WallTime?, until: WallTime?, key: String?) {
        self.subscription = subscription
        self.from = from
        self.until = until
        self.key = key
        reader = EventReader(topic: subscription.topic, mapping: mapping)
        matcher = TopicMatcher(filters: [subscription.filters])
    }

    public mutating func judge(_ record: KafkaRecord, of partition: TopicPartition) throws -> Judgement {
        let time = WallTime(milliseconds: record.timestamp)
        if let from, time < from { return .passOver }
        if let until, time >= until { return .passOver }
        if let key, !(record.key.map { $0.elementsEqual(key.utf8) } ?? false) { return .passOver }
        do throws(PoisonReason) {
            let event = try reader.event(of: record, value: record.value, at: RecordPlace(record, of: partition), time: time)
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
