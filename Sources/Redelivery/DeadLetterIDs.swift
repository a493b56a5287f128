public import EventFormats
public import EventModel
public import KafkaClient

/// The ids of dead letters' events, which their source topics' manifests decide.
public final class DeadLetterIDs {
    private let mappings: [String: EventMapping]
    private let schemas: (any SchemaSource)?
    private var readers: [String: EventReader] = [:]

    /// - Parameter mappings: by source topic; the others have none of their own.
    public init(mappings: [String: EventMapping], schemas: (any SchemaSource)? = nil) {
        self.mappings = mappings
        self.schemas = schemas
    }

    private func reader(_ topic: String) -> EventReader {
        if let reader = readers[topic] { return reader }
        let reader = EventReader(topic: topic, mapping: mappings[topic] ?? EventMapping(), schemas: schemas)
        readers[topic] = reader
        return reader
    }

    /// Nil where the record is no event, or where only its source could tell.
    public func id(of letter: DeadLetter, _ record: KafkaRecord) -> String? {
        guard let source = letter.source else { return nil }
        return reader(source.topic).id(of: record, at: source, time: letter.sourceTime ?? letter.time)
    }

    /// Everything that somebody may call the event: its id, that as a `webhook-id`, and its place.
    public func names(of letter: DeadLetter, _ record: KafkaRecord) -> [String] {
        guard let source = letter.source else { return [] }
        guard let id = id(of: letter, record) else { return [source.eventID] }
        return [id, reader(source.topic).webhookID(id), source.eventID]
    }
}
