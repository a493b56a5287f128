import EventModel

/// A record that is no CloudEvent: the topic's mapping, or the defaults, make it one.
extension EventDecoder {
    /// Where an attribute's value is. Places in the scratch are ranges, because the scratch may move while it grows.
    private enum Found {
        case view(Bytes)
        case scratch(Range<Int>)
        /// And what is missing, for the message.
        case nothing
        /// There is something, but not a text.
        case unusable(StaticString)
    }

    func decodePlain(
        _ record: RecordView, _ contentType: Bytes?, _ attributes: inout ContextAttributes
    ) throws(PoisonReason) -> Event {
        // A content type that is not even one says nothing; a plain record never promised one.
        let declared = contentType.flatMap { MediaType($0) == nil ? nil : $0 }
        let declaresOther = declared.flatMap { MediaType($0) }.map { !$0.isJSON } ?? false
        let root = declaresOther && !mapping.needsJSON ? nil : record.value.flatMap(parse)

        let id = try required(.id, mapping.id, record, root)
        let type = try required(.type, mapping.type, record, root)
        let source = try required(.source, mapping.source, record, root)
        let subject = try optional(.subject, mapping.subject, record, root)
        let time = try optional(.time, mapping.time, record, root)
        // Nothing is appended to the scratch from here on.
        attributes[.specversion] = mapping.specversion
        attributes[.id] = bytes(id)
        attributes[.type] = bytes(type)
        attributes[.source] = bytes(source)
        attributes[.subject] = bytes(subject)
        attributes[.time] = bytes(time)
        attributes[.datacontenttype] = declared

        var event = try attributes.event()
        guard let value = record.value else { return event }
        event.data = value
        if declared == nil {
            event.dataKind = root == nil ? .binary : .json
            event.dataContentType = root == nil ? mapping.octetStream : mapping.json
        } else if declaresOther {
            event.dataKind = EventDecoder.kind(of: value, contentType: declared)
        } else {
            event.dataKind = root == nil ? .binary : .json
        }
        return event
    }

    private func parse(_ value: Bytes) -> JSONValue? {
        do throws(JSONError) { return try JSONScanner.scan(value, noting: mapping.needsJSON ? members : nil) } catch { return nil }
    }

    private func bytes(_ found: Found) -> Bytes? {
        switch found {
        case .view(let bytes): bytes
        case .scratch(let range): Bytes(rebasing: scratch.bytes[range])
        case .nothing, .unusable: nil
        }
    }

    private func required(
        _ attribute: CoreAttribute, _ source: CompiledMapping.Source, _ record: RecordView, _ root: JSONValue?
    ) throws(PoisonReason) -> Found {
        let found = find(source, record, root)
        switch found {
        case .view, .scratch: return found
        case .nothing: throw PoisonReason("\(attribute.name): \(missing(source, record, root))")
        case .unusable(let problem): throw PoisonReason("\(attribute.name): \(describe(source)) \(problem)")
        }
    }

    private func optional(
        _ attribute: CoreAttribute, _ source: CompiledMapping.Source, _ record: RecordView, _ root: JSONValue?
    ) throws(PoisonReason) -> Found {
        let found = find(source, record, root)
        if case .unusable(let problem) = found { throw PoisonReason("\(attribute.name): \(describe(source)) \(problem)") }
        return found
    }

    private func find(_ source: CompiledMapping.Source, _ record: RecordView, _ root: JSONValue?) -> Found {
        switch source {
        case .header(let name): header(mapping.bytes(name), record).map { .view($0) } ?? .nothing
        case .pointer(let pointer): root.flatMap { pointer.find(in: $0, noted: members) }.map(text) ?? .nothing
        case .constant(let range): .view(mapping.bytes(range))
        case .key: key(record)
        case .timestamp: timestamp(record)
        case .position: position(record)
        case .badPointer: .nothing
        }
    }

    /// The last header of that name; our own are not part of the record.
    private func header(_ name: Bytes, _ record: RecordView) -> Bytes? {
        guard !name.starts(with: "fanfare-") else { return nil }
        return record.headers.last { $0.name.equals(name) }?.value
    }

    /// The key if it is text; a key of other bytes is nothing that an attribute could hold.
    private func key(_ record: RecordView) -> Found {
        guard let key = record.key, AttributeRules.problem(nonEmpty: key) == nil else { return .nothing }
        return .view(key)
    }

    private func text(_ value: JSONValue) -> Found {
        switch value.kind {
        case .null: return .nothing
        case .number, .boolean: return .view(value.raw)
        case .object: return .unusable("finds an object, not a text")
        case .array: return .unusable("finds an array, not a text")
        case .string:
            guard value.hasEscapes else { return .view(value.stringBody) }
            let start = scratch.count
            guard value.appendUnescaped(to: scratch) else { return .unusable("finds half a surrogate pair") }
            return .scratch(start..<scratch.count)
        }
    }

    /// Absent where RFC 3339 cannot say it: its years have four digits.
    private func timestamp(_ record: RecordView) -> Found {
        let milliseconds = record.timestamp.milliseconds
        guard milliseconds >= 0, milliseconds < 253_402_300_800_000 else { return .nothing }
        let start = scratch.count
        scratch.appendRFC3339(milliseconds: milliseconds)
        return .scratch(start..<scratch.count)
    }

    private func position(_ record: RecordView) -> Found {
        let start = scratch.count
        scratch.append(record.topic)
        scratch.append(UInt8(ascii: "-"))
        scratch.append(decimal: Int64(record.partition))
        scratch.append(UInt8(ascii: "-"))
        scratch.append(decimal: record.offset)
        return .scratch(start..<scratch.count)
    }

    // MARK: Messages

    private func describe(_ source: CompiledMapping.Source) -> String {
        switch source {
        case .header(let name): "header \(PoisonReason.quoted(mapping.bytes(name)))"
        case .pointer(let pointer): "pointer \(pointer)"
        case .badPointer(let text): "pointer \(text)"
        case .constant: "the constant"
        case .key: "the record's key"
        case .timestamp: "the record's timestamp"
        case .position: "the record's position"
        }
    }

    private func missing(_ source: CompiledMapping.Source, _ record: RecordView, _ root: JSONValue?) -> String {
        switch source {
        case .pointer where record.value == nil: "\(describe(source)) finds nothing, the record has no value"
        case .pointer where root == nil: "\(describe(source)) finds nothing, the value is not JSON"
        case .pointer: "\(describe(source)) finds nothing in the value"
        case .badPointer: "\(describe(source)) is not a JSON pointer"
        case .key: "the record's key is missing or not text"
        case .header, .constant, .timestamp, .position: "\(describe(source)) is missing"
        }
    }
}
