package import EventFormats

/// Attributes as they stand in a message: `KeyValue` of opentelemetry/proto/common/v1/common.proto.
extension ByteWriter {
    /// `text`, which must be UTF-8.
    package func appendAttribute(_ name: StaticString, _ text: UnsafeRawBufferPointer, field: Int = SpanWriter.attributes) {
        beginAttribute(name, field, value: ByteWriter.length(ofField: text.count))
        appendField(1, bytes: text)
    }

    package func appendAttribute(_ name: StaticString, _ text: String, field: Int = SpanWriter.attributes) {
        var text = text
        text.withUTF8 { appendAttribute(name, UnsafeRawBufferPointer($0), field: field) }
    }

    package func appendAttribute(_ name: StaticString, _ number: Int64, field: Int = SpanWriter.attributes) {
        let number = UInt64(bitPattern: number)
        beginAttribute(name, field, value: 1 + ByteWriter.length(ofVarint: number))
        appendField(3, varint: number)
    }

    /// What follows is the inside of its value.
    private func beginAttribute(_ name: StaticString, _ field: Int, value count: Int) {
        beginField(field, count: ByteWriter.length(ofField: name.utf8CodeUnitCount) + ByteWriter.length(ofField: count))
        beginField(1, count: name.utf8CodeUnitCount)
        append(name)
        beginField(2, count: count)
    }
}
