public import EventModel

/// Values in Confluent's wire format: what is behind the frame, as JSON, takes the value's place.
extension EventDecoder {
    /// The schema that the record's value needs; nil where it is not framed.
    public func schema(of record: RecordView) -> ConfluentFrame.SchemaID? {
        guard let value = record.value, value.first == 0 else { return nil }
        return frame(of: value, EventDecoder.contentType(of: record))?.schema
    }

    private func frame(of value: Bytes, _ contentType: Bytes?) -> ConfluentFrame? {
        switch mapping.framing {
        case .none: nil
        case .auto: ConfluentFrame.mayFrame(contentType) ? ConfluentFrame(value) : nil
        case .confluent: ConfluentFrame(value)
        }
    }

    /// Whether it is worth a closer look, at the price of one byte.
    func mayBeFramed(_ record: RecordView) -> Bool {
        guard mapping.framing != .none, let value = record.value else { return false }
        return value.first == 0 || mapping.framing == .confluent
    }

    /// The record with JSON in the place of a framed value: its own bytes behind the frame, or `unframed`.
    ///
    /// - Returns: with it the content type that counts now, where the declared one was about the frame.
    func unframe(_ record: RecordView) throws(PoisonReason) -> (record: RecordView, contentType: Bytes?) {
        guard let value = record.value else { return (record, nil) }
        let contentType = EventDecoder.contentType(of: record)
        let mediaType = contentType.flatMap { MediaType($0) }
        let isCloudEvent = mediaType?.isCloudEvent ?? false
        guard let frame = frame(of: value, contentType) else {
            // What says that it is a CloudEvent is one without a frame too: so are the events of windows.
            guard mapping.framing == .auto || isCloudEvent else {
                throw PoisonReason("the value is not in Confluent's wire format, which the topic's event.framing asks for: a zero byte, and a schema's id in four")
            }
            return (record, nil)
        }
        var unframed = record
        unframed.value = try json(of: frame)
        return (unframed, isCloudEvent || mediaType?.isJSON ?? false ? nil : mapping.json)
    }

    private func json(of frame: ConfluentFrame) throws(PoisonReason) -> Bytes {
        guard let schemas else {
            throw PoisonReason(
                "the value is in Confluent's wire format (schema \(frame.schema)), and no schema registry is configured: set schemaRegistry.url, or event.framing: none if it only looks like it")
        }
        switch schemas.schema(frame.schema) {
        case .json:
            guard EventDecoder.isJSON(frame.payload) else {
                throw PoisonReason("the value is not JSON, which schema \(frame.schema) of the registry says it is")
            }
            return frame.payload
        case .decoder(let decoder):
            do throws(PoisonReason) {
                try decoder.append(frame.payload, to: unframed)
            } catch {
                throw PoisonReason("the value is not one of schema \(frame.schema): \(error.message)")
            }
            return unframed.bytes
        case .refused(let reason):
            throw PoisonReason(reason)
        case nil:
            throw PoisonReason("the schema registry has not said yet what schema \(frame.schema) is")
        }
    }
}
