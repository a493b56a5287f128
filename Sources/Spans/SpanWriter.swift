import EventFormats

/// Spans back to back, each as a field of `ScopeSpans`: opentelemetry/proto/trace/v1/trace.proto of
/// https://github.com/open-telemetry/opentelemetry-proto, release 1.7.0. `TraceRequest` puts the rest around them.
package final class SpanWriter {
    package enum Kind: UInt64 { case inner = 1, client = 3, producer = 4, consumer = 5 }

    /// Of `Span.attributes`.
    package static let attributes = 9
    /// Of one span, as SDKs have it; those beyond are counted.
    package static let mostLinks = 128

    private let spans: ByteWriter
    /// The one that is being written: its length stands in front of it.
    private let span = ByteWriter(capacity: 1 << 9)
    private var links = 0
    package private(set) var count = 0

    package init(capacity: Int = 1 << 10) { spans = ByteWriter(capacity: capacity) }

    package var bytes: UnsafeRawBufferPointer { spans.bytes }

    package func removeAll() {
        spans.removeAll(keepingCapacity: true)
        count = 0
    }

    /// - Parameters:
    ///   - start: nanoseconds since 1970; so is `end`, which is never before it.
    ///   - body: adds attributes, links and a status.
    package func write(
        _ name: String, _ kind: Kind, _ context: TraceContext, parent: SpanID?, start: Int64, end: Int64, _ body: (SpanWriter) -> Void
    ) {
        span.removeAll(keepingCapacity: true)
        links = 0
        append(context, to: span)
        if let parent {
            span.beginField(4, count: 8)
            span.append(bigEndian: parent)
        }
        var name = name
        name.withUTF8 { span.appendField(5, bytes: UnsafeRawBufferPointer($0)) }
        span.appendField(6, varint: kind.rawValue)
        span.appendField(7, fixed64: UInt64(max(0, start)))
        span.appendField(8, fixed64: UInt64(max(0, start, end)))
        body(self)
        if links > Self.mostLinks { span.appendField(14, varint: UInt64(links - Self.mostLinks)) }
        span.appendField(16, fixed32: UInt32(context.flags))
        spans.appendField(2, bytes: span.bytes)
        count += 1
    }

    private func append(_ context: TraceContext, to writer: ByteWriter) {
        writer.beginField(1, count: 16)
        writer.append(bigEndian: context.traceID.high)
        writer.append(bigEndian: context.traceID.low)
        writer.beginField(2, count: 8)
        writer.append(bigEndian: context.span)
    }

    // MARK: Inside of a span

    /// Attributes written before, with `ByteWriter.appendAttribute`.
    package func add(_ attributes: [UInt8]) { attributes.withUnsafeBytes { span.append($0) } }

    /// The same.
    package func add(_ attributes: UnsafeRawBufferPointer) { span.append(attributes) }

    package func add(_ name: StaticString, _ text: UnsafeRawBufferPointer) { span.appendAttribute(name, text) }

    package func add(_ name: StaticString, _ text: String) { span.appendAttribute(name, text) }

    package func add(_ name: StaticString, _ number: some BinaryInteger) { span.appendAttribute(name, Int64(clamping: number)) }

    package func link(_ context: TraceContext) {
        links += 1
        guard links <= Self.mostLinks else { return }
        // Its ids, and its flags.
        span.beginField(13, count: 18 + 10 + 5)
        append(context, to: span)
        span.appendField(6, fixed32: UInt32(context.flags))
    }

    /// That what it tells of went wrong.
    package func fail(_ message: String) {
        var message = message
        message.withUTF8 { text in
            span.beginField(15, count: ByteWriter.length(ofField: text.count) + 2)
            span.appendField(2, bytes: UnsafeRawBufferPointer(text))
            span.appendField(3, varint: 2)
        }
    }
}
