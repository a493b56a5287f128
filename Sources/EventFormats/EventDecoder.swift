public import EventModel

/// Turns the records of one topic into events.
///
/// A record is taken as what it says it is (CloudEvents Kafka binding, 3):
/// - *structured*, when its `content-type` begins with `application/cloudevents`: the value is the event, as JSON;
/// - *binary*, when it has the header `ce_specversion`: attributes are `ce_` headers, the value is the data;
/// - *plain* otherwise: the topic's `event:` mapping makes it an event.
///
/// What claims to be a CloudEvent and is none is poison; it is never taken as plain. Headers named `fanfare-...` are our
/// own and not looked at, so that a record from the retry topic reads as the original did.
///
/// A value in Confluent's wire format (`ConfluentFrame`) is made JSON first, if need be in the decoder's memory; everything
/// behind `decode` sees that JSON, and the record itself keeps its bytes.
///
/// The returned event consists of views: of the record, and of the decoder's memory. It is valid until the next
/// `decode`, and no longer than the record and the decoder live. One decoder per topic and thread; it allocates nothing per record once its
/// buffers have grown.
public final class EventDecoder {
    typealias Bytes = UnsafeRawBufferPointer

    /// Memory that an unusual record made the decoder take is given back beyond this many bytes.
    static let keptScratch = 1 << 20

    let mapping: CompiledMapping
    /// Decoded text of the current record.
    let scratch = ByteWriter(capacity: 1024)
    /// The current record's value as JSON, where it was something else.
    let unframed = ByteWriter(capacity: 16)
    let schemas: (any SchemaSource)?
    /// Of the current record's value, where that is a structured CloudEvent, or the mapping points into it.
    let members = JSONMembers()
    /// The content type of the last structured CloudEvent: most often that of the next.
    let checkedFormat = ByteWriter(capacity: 64)
    private var attributes = ContextAttributes()

    /// - Parameter schemas: for framed values, which are poison without.
    public init(topic: String, mapping: EventMapping, schemas: (any SchemaSource)? = nil) {
        self.mapping = CompiledMapping(topic: topic, mapping: mapping)
        self.schemas = schemas
    }

    /// Bytes of JSON that the last record's value became, where it was something else.
    public var unframedBytes: Int { unframed.count }

    /// - Throws: why the record is not a valid event.
    public func decode(_ record: RecordView) throws(PoisonReason) -> Event {
        unframed.removeAll(keepingAtMost: EventDecoder.keptScratch)
        guard mayBeFramed(record) else { return try decode(record, declared: nil) }
        let (record, contentType) = try unframe(record)
        return try decode(record, declared: contentType)
    }

    /// - Parameter declared: the content type in place of the record's own.
    private func decode(_ record: RecordView, declared: Bytes?) throws(PoisonReason) -> Event {
        scratch.removeAll(keepingAtMost: EventDecoder.keptScratch)
        attributes.removeAll()
        // Of headers that repeat a name the last one counts, as Kafka's own `lastHeader` has it.
        var contentType: Bytes?
        var isBinary = false
        for header in record.headers {
            if header.name.equalsIgnoringCase("content-type") {
                contentType = header.value
            } else if header.name.equals("ce_specversion") {
                isBinary = header.value != nil
            }
        }
        if let declared { contentType = declared }
        if let contentType, contentType.startsIgnoringCase(with: "application/cloudevents") {
            return try decodeStructured(record, contentType, &attributes)
        }
        return isBinary
            ? try decodeBinary(record, contentType, &attributes) : try decodePlain(record, contentType, &attributes)
    }

    /// The last one counts, as in `decode`.
    static func contentType(of record: RecordView) -> Bytes? {
        record.headers.last { $0.name.equalsIgnoringCase("content-type") }?.value
    }

    /// What bytes of this content type are; without one they may be JSON.
    static func kind(of data: Bytes, contentType: Bytes?) -> Event.DataKind {
        guard let contentType, let mediaType = MediaType(contentType) else { return isJSON(data) ? .json : .binary }
        if mediaType.isJSON { return isJSON(data) ? .json : .binary }
        return mediaType.isText && UTF8Check.isValid(data) ? .text : .binary
    }

    static func isJSON(_ data: Bytes) -> Bool {
        do throws(JSONError) {
            _ = try JSONScanner.scan(data)
            return true
        } catch {
            return false
        }
    }
}
