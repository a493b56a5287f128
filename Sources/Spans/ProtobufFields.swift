package import EventFormats

/// Fields of Protobuf's wire format (https://protobuf.dev/programming-guides/encoding/), as far as OTLP has them.
extension ByteWriter {
    package func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    package func appendField(_ number: Int, varint value: UInt64) {
        append(varint: UInt64(number << 3))
        append(varint: value)
    }

    package func appendField(_ number: Int, fixed64 value: UInt64) {
        append(varint: UInt64(number << 3 | 1))
        append(littleEndian: value)
    }

    package func appendField(_ number: Int, fixed32 value: UInt32) {
        append(varint: UInt64(number << 3 | 5))
        append(littleEndian: value)
    }

    /// Where `count` bytes follow: a text, bytes, or a message.
    package func beginField(_ number: Int, count: Int) {
        append(varint: UInt64(number << 3 | 2))
        append(varint: UInt64(count))
    }

    package func appendField(_ number: Int, bytes: UnsafeRawBufferPointer) {
        beginField(number, count: bytes.count)
        append(bytes)
    }

    /// As an id is written: the digits' order.
    package func append(bigEndian value: UInt64) { withUnsafeBytes(of: value.bigEndian) { append($0) } }

    private func append(littleEndian value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { append($0) } }

    /// Bytes that `append(varint:)` takes.
    package static func length(ofVarint value: UInt64) -> Int { max(1, (70 - value.leadingZeroBitCount) / 7) }

    /// Bytes of a field with content, its number below 16.
    package static func length(ofField count: Int) -> Int { 1 + length(ofVarint: UInt64(count)) + count }
}
