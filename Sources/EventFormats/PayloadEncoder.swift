public import EventModel

/// Writes an event as the request that a subscription's payload format asks for (CloudEvents HTTP binding and JSON
/// format). The data goes through untouched: JSON is embedded byte for byte, with its numbers and repeated keys.
///
/// Headers are written as `Name: value`, each with a NUL behind it, back to back. No value has a CR, LF or NUL: whatever
/// is not printable ASCII is percent-encoded. No `Content-Type` is written where the event has none; the transport must
/// not make one up then.
public enum PayloadEncoder {
    public typealias Bytes = UnsafeRawBufferPointer

    /// Where the request's body is.
    public enum Body {
        /// In the writer that was given, from where it ended before.
        case written
        /// In the record itself, valid as long as the record.
        case view(Bytes)
    }

    /// - Parameters:
    ///   - record: the record that `event` was decoded from; decides whether the body can be a view of it.
    ///   - body: appended to where the body has to be written.
    ///   - headers: `Content-Type` and, for `binary`, the `ce-` headers are appended to it.
    public static func encode(
        _ event: Event, of record: RecordView, format: PayloadFormat, body: ByteWriter, headers: ByteWriter
    ) -> Body {
        appendHeaders(of: event, format: format, to: headers)
        if format == .structured {
            guard let envelope = event.envelope else {
                EventJSON.append(event, to: body)
                return .written
            }
            return self.body(envelope, of: record, body)
        }
        if event.data.isEmpty { return .view(Bytes(start: nil, count: 0)) }
        return self.body(event.data, of: record, body)
    }

    /// Text and base64 of a structured event, and what was Avro, were decoded into memory that the next record will overwrite.
    private static func body(_ bytes: Bytes, of record: RecordView, _ writer: ByteWriter) -> Body {
        if let value = record.value, lies(bytes, within: value) { return .view(bytes) }
        writer.append(bytes)
        return .written
    }

    /// `Content-Type` and, for `binary`, the `ce-` headers.
    package static func appendHeaders(of event: Event, format: PayloadFormat, to headers: ByteWriter) {
        switch format {
        case .structured: appendHeader("Content-Type: application/cloudevents+json; charset=utf-8\0", to: headers)
        case .binary:
            appendContentType(of: event, to: headers)
            appendAttributes(of: event, to: headers)
        case .raw: appendContentType(of: event, to: headers)
        }
    }

    private static func lies(_ part: Bytes, within whole: Bytes) -> Bool {
        guard let start = whole.baseAddress, let first = part.baseAddress else { return false }
        return first >= start && first + part.count <= start + whole.count
    }

    // MARK: Headers

    private static func appendHeader(_ line: StaticString, to headers: ByteWriter) { headers.append(line) }

    /// Data that is JSON without saying so gets the content type that is implied (JSON format, 3.1.2).
    private static func appendContentType(of event: Event, to headers: ByteWriter) {
        if let contentType = event.dataContentType {
            headers.append("Content-Type: " as StaticString)
            // A media type is ASCII already; this only makes sure that no other byte can end the line.
            headers.appendPercentEncoded(contentType, keeping: .mediaType)
            headers.append(0)
        } else if event.dataKind == .json {
            appendHeader("Content-Type: application/json\0", to: headers)
        }
    }

    /// HTTP binding, 3.1.3.
    private static func appendAttributes(of event: Event, to headers: ByteWriter) {
        appendHeader("ce-specversion: 1.0\0", to: headers)
        append("ce-id: ", event.id, to: headers)
        append("ce-source: ", event.source, to: headers)
        append("ce-type: ", event.type, to: headers)
        if let subject = event.subject { append("ce-subject: ", subject, to: headers) }
        if let time = event.time { append("ce-time: ", time, to: headers) }
        if let schema = event.dataSchema { append("ce-dataschema: ", schema, to: headers) }
        for attribute in event.extensions {
            headers.append("ce-" as StaticString)
            headers.appendPercentEncoded(attribute.name, keeping: .attributeName)
            append(": ", attribute.value, to: headers)
        }
    }

    private static func append(_ prefix: StaticString, _ value: Bytes, to headers: ByteWriter) {
        headers.append(prefix)
        headers.appendPercentEncoded(value, keeping: .headerValue)
        headers.append(0)
    }
}
