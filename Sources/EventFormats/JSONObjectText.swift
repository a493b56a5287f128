/// A JSON object that is being written, member by member, in the order of the calls.
public struct JSONObjectText {
    private let writer = ByteWriter()

    public init() {}

    /// The whole object.
    public var text: String { writer.isEmpty ? "{}" : String(decoding: writer.bytes, as: UTF8.self) + "}" }

    /// What is JSON already.
    @discardableResult
    public func add(_ name: StaticString, json: String) -> JSONObjectText {
        begin(name)
        writer.append(json)
        return self
    }

    @discardableResult
    public func add(_ name: StaticString, _ value: String) -> JSONObjectText {
        begin(name)
        var value = value
        value.withUTF8 { writer.appendJSONString(UnsafeRawBufferPointer($0)) }
        return self
    }

    /// Nothing where there is none.
    @discardableResult
    public func add(_ name: StaticString, _ value: String?) -> JSONObjectText {
        value.map { add(name, $0) } ?? self
    }

    @discardableResult
    public func add(_ name: StaticString, _ value: Bool) -> JSONObjectText { add(name, json: value ? "true" : "false") }

    @discardableResult
    public func add(_ name: StaticString, _ value: Int64) -> JSONObjectText { add(name, json: "\(value)") }

    private func begin(_ name: StaticString) {
        writer.append(writer.isEmpty ? "{\"" as StaticString : ",\"")
        writer.append(name)
        writer.append("\":" as StaticString)
    }
}
