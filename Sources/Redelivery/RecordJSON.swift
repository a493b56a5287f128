internal import EventFormats
internal import KafkaClient

/// Records as JSON, so that nothing of them is lost: bytes that are text stand as a string under `name`, others as base64
/// under `nameBase64`.
public struct RecordJSON: ~Copyable {
    let writer = ByteWriter(capacity: 4096)
    private var isFirst = true

    public init() {}

    /// What has been written, valid until the next change.
    public var bytes: UnsafeRawBufferPointer { writer.bytes }

    public mutating func removeAll() {
        writer.removeAll(keepingAtMost: 1 << 20)
        isFirst = true
    }

    /// What stands between values.
    public mutating func raw(_ text: StaticString) {
        writer.append(text)
        isFirst = true
    }

    /// A value that is JSON already.
    public mutating func value(_ json: UnsafeRawBufferPointer) {
        separate()
        writer.append(json)
    }

    // MARK: Structure

    mutating func open(_ bracket: Unicode.Scalar) {
        writer.append(UInt8(ascii: bracket))
        isFirst = true
    }

    mutating func close(_ bracket: Unicode.Scalar) {
        writer.append(UInt8(ascii: bracket))
        isFirst = false
    }

    mutating func separate() {
        if !isFirst { writer.append(UInt8(ascii: ",")) }
        isFirst = false
    }

    mutating func name(_ name: StaticString) {
        separate()
        writer.append(UInt8(ascii: "\""))
        writer.append(name)
        writer.append("\":" as StaticString)
    }

    // MARK: Members

    mutating func member(_ name: StaticString, _ text: String?) {
        self.name(name)
        guard var text else { return writer.append("null" as StaticString) }
        text.withUTF8 { writer.appendJSONString(UnsafeRawBufferPointer($0)) }
    }

    mutating func member(_ name: StaticString, _ number: (some BinaryInteger)?) {
        self.name(name)
        guard let number else { return writer.append("null" as StaticString) }
        writer.append(decimal: Int64(number))
    }

    mutating func member(_ name: StaticString, _ flag: Bool) {
        self.name(name)
        writer.append(flag ? "true" as StaticString : "false")
    }

    /// Under `name` where they are text or absent, under the other name in base64.
    mutating func member(_ name: StaticString, base64 other: StaticString, _ bytes: UnsafeRawBufferPointer?) {
        guard let bytes else {
            self.name(name)
            return writer.append("null" as StaticString)
        }
        if UTF8Check.isValid(bytes) {
            self.name(name)
            writer.appendJSONString(bytes)
        } else {
            self.name(other)
            writer.append(UInt8(ascii: "\""))
            writer.appendBase64(bytes)
            writer.append(UInt8(ascii: "\""))
        }
    }

    mutating func headers(_ headers: RecordHeaders) {
        name("headers")
        open("[")
        var index = 0
        while let header = headers.header(at: index) {
            index += 1
            separate()
            open("{")
            member("name", String(decoding: header.name, as: UTF8.self))
            member("value", base64: "valueBase64", header.value)
            close("}")
        }
        close("]")
    }
}
