public import EventModel

/// An event as JSON: CloudEvents JSON format, 3.
public enum EventJSON {
    /// Appends the event as one JSON object.
    public static func append(_ event: Event, to writer: ByteWriter) {
        // The envelope of attributes is small; the data decides, and base64 is the longest of its forms.
        writer.reserve(512 + event.data.count + event.data.count / 3)
        appendAttributes(of: event, to: writer)
        switch event.dataKind {
        case .none: break
        case .json:
            writer.append(#","data":"# as StaticString)
            writer.append(event.data)
        case .text: append(#","data":"#, event.data, to: writer)
        case .binary:
            writer.append(#","data_base64":""# as StaticString)
            writer.appendBase64(event.data)
            writer.append(UInt8(ascii: "\""))
        }
        writer.append(UInt8(ascii: "}"))
    }

    /// The object's beginning: everything but the data and the closing brace.
    package static func appendAttributes(of event: Event, to writer: ByteWriter) {
        writer.append(#"{"specversion":"1.0","id":"# as StaticString)
        writer.appendJSONString(event.id)
        append(#","source":"#, event.source, to: writer)
        append(#","type":"#, event.type, to: writer)
        if let subject = event.subject { append(#","subject":"#, subject, to: writer) }
        if let time = event.time { append(#","time":"#, time, to: writer) }
        if let contentType = event.dataContentType { append(#","datacontenttype":"#, contentType, to: writer) }
        if let schema = event.dataSchema { append(#","dataschema":"#, schema, to: writer) }
        for attribute in event.extensions {
            writer.append(UInt8(ascii: ","))
            writer.appendJSONString(attribute.name)
            writer.append(UInt8(ascii: ":"))
            switch attribute.kind {
            case .string: writer.appendJSONString(attribute.value)
            case .integer, .boolean: writer.append(attribute.value)
            }
        }
    }

    private static func append(_ prefix: StaticString, _ text: UnsafeRawBufferPointer, to writer: ByteWriter) {
        writer.append(prefix)
        writer.appendJSONString(text)
    }
}
