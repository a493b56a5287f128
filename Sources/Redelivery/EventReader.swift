public import EventFormats
public import EventModel
public import KafkaClient

/// Reads records of one topic as events, also those that stand elsewhere now: in a dead-letter topic.
public final class EventReader {
    private let topic: String
    private let decoder: EventDecoder
    private let schemas: (any SchemaSource)?
    private let encoded = ByteWriter()

    public init(topic: String, mapping: EventMapping, schemas: (any SchemaSource)? = nil) {
        self.topic = topic
        self.schemas = schemas
        decoder = EventDecoder(topic: topic, mapping: mapping, schemas: schemas)
    }

    /// The event, as the record at `source` is one; it consists of views, valid until the next call.
    public func event(
        of record: KafkaRecord, value: UnsafeRawBufferPointer?, at source: RecordPlace, time: WallTime
    ) throws(PoisonReason) -> Event {
        try decoder.decode(view(of: record, value: value, at: source, time: time))
    }

    /// The schema that the record's value needs, where the registry could not be asked for it.
    public func missingSchema(of record: KafkaRecord, at source: RecordPlace, time: WallTime) -> ConfluentFrame.SchemaID? {
        guard let schemas, record.value?.first == 0 else { return nil }
        guard let id = decoder.schema(of: view(of: record, value: record.value, at: source, time: time)) else { return nil }
        return schemas.schema(id) == nil ? id : nil
    }

    private func view(of record: KafkaRecord, value: UnsafeRawBufferPointer?, at source: RecordPlace, time: WallTime) -> RecordView {
        var view = RecordView(
            topic: topic, partition: source.partition, offset: source.offset, timestamp: time, key: record.key, value: value, headers: [])
        record.headers.forEach { view.headers.append(RecordView.Header(name: $0.name, value: $0.value)) }
        return view
    }

    /// The event's id; nil where the record is no event.
    public func id(of record: KafkaRecord, at source: RecordPlace, time: WallTime) -> String? {
        do throws(PoisonReason) {
            return String(decoding: try event(of: record, value: record.value, at: source, time: time).id, as: UTF8.self)
        } catch {
            return nil
        }
    }

    /// An id as it stands in `webhook-id`.
    public func webhookID(_ id: String) -> String {
        encoded.removeAll()
        var id = id
        id.withUTF8 { WebhookID.append(UnsafeRawBufferPointer($0), to: encoded) }
        return String(decoding: encoded.bytes, as: UTF8.self)
    }
}
