import EventModel

/// Structured content mode: CloudEvents Kafka binding, 3.3, and JSON format, 2 and 3.
extension EventDecoder {
    func decodeStructured(
        _ record: RecordView, _ contentType: Bytes, _ attributes: inout ContextAttributes
    ) throws(PoisonReason) -> Event {
        if !checkedFormat.bytes.equals(contentType) {
            try checkFormat(contentType)
            checkedFormat.removeAll(keepingAtMost: 256)
            checkedFormat.append(contentType)
        }
        guard let value = record.value else { throw PoisonReason("the value is missing, which a structured CloudEvent is in") }
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONScanner.scan(value, noting: members)
        } catch {
            throw PoisonReason("the value is not valid JSON: \(error)")
        }
        guard root.kind == .object else { throw PoisonReason("the value is not a JSON object") }
        // Every string is decoded at most once and never grows, so this room is enough and addresses stay.
        scratch.reserve(value.count)

        var data: JSONValue?
        var base64: JSONValue?
        for index in 0..<members.count {
            let member = members[index]
            guard let name = text(of: member.name) else { throw PoisonReason("an attribute's name is not a text") }
            if name.equals("data") {
                guard data == nil else { throw PoisonReason("data appears twice") }
                data = member.value
            } else if name.equals("data_base64") {
                guard base64 == nil else { throw PoisonReason("data_base64 appears twice") }
                base64 = member.value
            } else {
                try collect(name, member.value, &attributes)
            }
        }
        var event = try attributes.event()
        try decodeData(data, base64: base64, into: &event)
        event.envelope = value
        return event
    }

    /// JSON in UTF-8 is the only event format here; without a format's name JSON is what is meant.
    private func checkFormat(_ contentType: Bytes) throws(PoisonReason) {
        guard let mediaType = MediaType(contentType) else { throw PoisonReason("content-type is not a media type") }
        let essence = mediaType.essence
        if essence.startsIgnoringCase(with: "application/cloudevents-batch") {
            throw PoisonReason("content-type says a batch of CloudEvents, which the Kafka binding does not have: one record is one event")
        }
        guard essence.equalsIgnoringCase("application/cloudevents+json") || essence.equalsIgnoringCase("application/cloudevents") else {
            throw PoisonReason("content-type says a CloudEvents format other than JSON")
        }
        guard mediaType.isUTF8 else { throw PoisonReason("content-type says a charset other than UTF-8") }
    }

    private func collect(
        _ name: Bytes, _ value: JSONValue, _ attributes: inout ContextAttributes
    ) throws(PoisonReason) {
        guard AttributeRules.isName(name) else {
            throw PoisonReason("attribute \(PoisonReason.quoted(name)) has an illegal name: a-z and 0-9 only")
        }
        if value.kind == .null { return }  // "equivalent of unset or omitted" (JSON format, 2.2)
        if let attribute = CoreAttribute(name) {
            guard attributes[attribute] == nil else { throw PoisonReason("\(attribute.name) appears twice") }
            guard value.kind == .string else { throw PoisonReason("\(attribute.name) is not a string") }
            guard let text = text(of: value) else { throw PoisonReason("\(attribute.name) has half a surrogate pair") }
            attributes[attribute] = text
            return
        }
        guard !attributes.hasExtension(name) else {
            throw PoisonReason("attribute \(PoisonReason.quoted(name)) appears twice")
        }
        switch value.kind {
        case .string:
            guard let text = text(of: value) else {
                throw PoisonReason("attribute \(PoisonReason.quoted(name)) has half a surrogate pair")
            }
            try attributes.set(Event.Extension(name: name, value: text))
        case .number:
            if let problem = AttributeRules.problem(integer: value.raw) {
                throw PoisonReason("attribute \(PoisonReason.quoted(name)) \(problem)")
            }
            try attributes.set(Event.Extension(name: name, value: value.raw, kind: .integer))
        case .boolean:
            try attributes.set(Event.Extension(name: name, value: value.raw, kind: .boolean))
        case .object, .array, .null:
            throw PoisonReason("attribute \(PoisonReason.quoted(name)) is neither text, integer nor boolean")
        }
    }

    /// JSON format, 3.1.2.
    private func decodeData(_ data: JSONValue?, base64: JSONValue?, into event: inout Event) throws(PoisonReason) {
        if let base64, base64.kind != .null {
            guard data == nil else { throw PoisonReason("both data and data_base64 are present") }
            event.data = try decoded(base64: base64)
            let declared = event.dataContentType
            event.dataKind = declared == nil ? .binary : EventDecoder.kind(of: event.data, contentType: declared)
            return
        }
        guard let data else { return }
        // A content type that was left out means application/json, which is also what most say.
        let declared = event.dataContentType
        if declared?.equals("application/json") ?? true || declared.flatMap({ MediaType($0) })?.isJSON ?? true {
            event.data = data.raw
            event.dataKind = .json
            return
        }
        switch data.kind {
        case .null: return
        case .string:
            guard let text = text(of: data) else { throw PoisonReason("data has half a surrogate pair") }
            event.data = text
            event.dataKind = .text
        case .object, .array, .number, .boolean:
            throw PoisonReason("data is not a string, although datacontenttype does not say JSON")
        }
    }

    private func decoded(base64: JSONValue) throws(PoisonReason) -> Bytes {
        let start = scratch.count
        guard base64.kind == .string, base64.appendUnescaped(to: scratch), scratch.decodeBase64(from: start) else {
            throw PoisonReason("data_base64 is not base64")
        }
        return scratch.bytes(from: start)
    }

    /// A string's text: in place where it has no escapes, else decoded into the scratch. Nil for half a surrogate pair.
    func text(of value: JSONValue) -> Bytes? {
        guard value.hasEscapes else { return value.stringBody }
        let start = scratch.count
        return value.appendUnescaped(to: scratch) ? scratch.bytes(from: start) : nil
    }
}
