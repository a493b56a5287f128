import EventModel

/// Binary content mode: CloudEvents Kafka binding, 3.2.
extension EventDecoder {
    func decodeBinary(
        _ record: RecordView, _ contentType: Bytes?, _ attributes: inout ContextAttributes
    ) throws(PoisonReason) -> Event {
        for header in record.headers where header.name.starts(with: "ce_") {
            let name = Bytes(rebasing: header.name[3...])
            guard AttributeRules.isName(name) else {
                throw PoisonReason("header \(PoisonReason.quoted(header.name)) does not name an attribute: a-z and 0-9 only")
            }
            if let attribute = CoreAttribute(name) {
                attributes[attribute] = header.value
            } else if let value = header.value {
                try attributes.set(Event.Extension(name: name, value: value))
            } else {
                attributes.removeExtension(name)
            }
        }
        // The binding has `content-type` for it; `ce_datacontenttype` is what some producers send besides or instead.
        if let contentType { attributes[.datacontenttype] = contentType }
        var event = try attributes.event()
        if let value = record.value {
            event.data = value
            event.dataKind = EventDecoder.kind(of: value, contentType: event.dataContentType)
        }
        return event
    }
}
