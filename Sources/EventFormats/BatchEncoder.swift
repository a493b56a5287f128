public import EventModel

/// Writes the body of a request that carries several events, one event at a time, so that no event has to outlive the
/// next `decode`.
///
/// - `structured`: the CloudEvents JSON batch format.
/// - `raw`: a JSON array of the values. A value that is not JSON stands there as a string if it is UTF-8 text, a record
///   without a value as `null`; any other value cannot be in JSON without a convention of its own and is refused.
/// - `binary` has no batches; manifests refuse it.
public struct BatchEncoder {
    private let format: PayloadFormat
    private let body: ByteWriter
    /// Events written so far.
    public private(set) var count = 0

    /// - Parameter body: appended to; nothing else may be appended until `finish`.
    public init(format: PayloadFormat, body: ByteWriter) {
        precondition(format != .binary, "binary content mode carries one event")
        self.format = format
        self.body = body
        body.append(UInt8(ascii: "["))
    }

    /// - Throws: why the event cannot be part of this batch; the body is as it was before.
    public mutating func append(_ event: Event) throws(PoisonReason) {
        if format == .raw, event.dataKind == .binary, !UTF8Check.isValid(event.data) {
            throw PoisonReason("the value is neither JSON nor UTF-8 text, so it cannot be part of a raw batch")
        }
        if count > 0 { body.append(UInt8(ascii: ",")) }
        count += 1
        if format == .structured {
            if let envelope = event.envelope { body.append(envelope) } else { EventJSON.append(event, to: body) }
            return
        }
        switch event.dataKind {
        case .none: body.append("null" as StaticString)
        case .json: body.append(event.data)
        case .text, .binary: body.appendJSONString(event.data)
        }
    }

    /// One event that is written by somebody else.
    ///
    /// - Throws: what `write` does; the body is as it was before.
    package mutating func append(_ write: (ByteWriter, PayloadFormat) throws(PoisonReason) -> Void) throws(PoisonReason) {
        let start = body.count
        if count > 0 { body.append(UInt8(ascii: ",")) }
        do throws(PoisonReason) {
            try write(body, format)
        } catch {
            body.truncate(to: start)
            throw error
        }
        count += 1
    }

    /// Ends the body and appends its `Content-Type` to `headers`, in the form that `PayloadEncoder` describes.
    public consuming func finish(headers: ByteWriter) {
        body.append(UInt8(ascii: "]"))
        switch format {
        case .structured: headers.append("Content-Type: application/cloudevents-batch+json; charset=utf-8\0" as StaticString)
        case .raw, .binary: headers.append("Content-Type: application/json\0" as StaticString)
        }
    }
}
