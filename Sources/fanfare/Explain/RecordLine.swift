import EventFormats
import EventModel

/// A line of `--records`: `{"key": "order-7", "timestamp": "2026-05-01T08:00:05Z", "partition": 3, "headers": {}, "value": {}}`.
/// Everything but the value may be left out; `base64` in its place gives one that is not JSON.
struct RecordLine {
    struct Problem: Error {
        var message: String
    }

    private(set) var key: [UInt8]? = nil
    private(set) var timestamp: WallTime? = nil
    private(set) var partition: Int32? = nil
    private(set) var headers: [(name: String, value: String)] = []
    /// As it is written, or the bytes that `base64` says.
    private(set) var value: [UInt8] = []

    init(_ text: UnsafeRawBufferPointer) throws(Problem) {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONScanner.scan(text)
        } catch {
            throw Problem(message: "not JSON: \(error.description); write one JSON object in one line")
        }
        guard root.kind == .object else { throw Problem(message: "not an object; \(Self.remedy)") }
        for member in root.members {
            let name = member.name.string ?? ""
            if name == "value" || member.value.kind != .null { try take(member.value, as: name) }
        }
        guard !value.isEmpty else { throw Problem(message: "it has no value; \(Self.remedy)") }
    }

    private static let remedy = #"with --records a line is {"value": ...}, with key, timestamp, partition and headers if you like"#

    private mutating func take(_ value: JSONValue, as name: String) throws(Problem) {
        switch name {
        case "value": self.value = Array(value.raw)
        case "base64":
            let bytes = ByteWriter()
            guard let text = value.string else { throw Problem(message: "base64 must be a string") }
            bytes.append(text)
            guard bytes.decodeBase64(from: 0) else { throw Problem(message: "base64 must be a string of base64 with its padding") }
            self.value = Array(bytes.bytes)
        case "key":
            guard let text = value.string else { throw Problem(message: "key must be a string") }
            key = Array(text.utf8)
        case "timestamp":
            let number = value.integer.flatMap { $0 >= 0 ? WallTime(milliseconds: $0) : nil }
            guard let time = number ?? value.string.flatMap({ WallTime(rfc3339: $0) }) else {
                throw Problem(message: "timestamp must be an RFC 3339 time, or milliseconds since 1970")
            }
            timestamp = time
        case "partition":
            guard let number = value.integer.flatMap({ Int32(exactly: $0) }), number >= 0 else {
                throw Problem(message: "partition must be a number from 0 on")
            }
            partition = number
        case "headers":
            for member in value.members {
                guard let name = member.name.string, let text = member.value.string else { throw Problem(message: "values of headers must be strings") }
                headers.append((name: name, value: text))
            }
            guard value.kind == .object else { throw Problem(message: "headers must be an object of strings") }
        default:
            throw Problem(message: "unknown member \(name); \(Self.remedy)")
        }
    }
}

extension JSONValue {
    /// Nil where it is none, or none that is text.
    var string: String? {
        guard kind == .string else { return nil }
        let text = ByteWriter()
        return appendUnescaped(to: text) ? String(decoding: text.bytes, as: UTF8.self) : nil
    }

    /// Nil where it is none, or not a whole one, as it is written.
    var integer: Int64? { kind == .number ? Int64(String(decoding: raw, as: UTF8.self)) : nil }
}
