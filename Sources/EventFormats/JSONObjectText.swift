/// A JSON object that is being written, member by member, in the order of the calls.
public struct JSONObjectText {
    private let writer = ByteWriter()

    public init() {}

    /// The whole object.
    public var text: String { writer.isEmpty ? "{}" : String(decoding: writer.bytes, as: UTF8.self) + "}" }

    public func add(_ name: StaticString, _ value: String) {
        begin(name)
        var value = value
        value.withUTF8 { writer.appendJSONString(UnsafeRawBufferPointer($0)) }
    }

    /// Nothing where there is none.
    public func add(_ name: StaticString, _ value: String?) {
        if let value { add(name, value) }
    }

    public func add(_ name: StaticString, _ value: Int64) {
        begin(name)
        writer.append(decimal: value)
    }

    private func begin(_ name: StaticString) {
        writer.append(writer.isEmpty ? "{\"" as StaticString : ",\"")
        writer.append(name)
        writer.append("\":" as StaticString)
    }
}
