import EventFormats
import EventModel
import Filters
import Foundation

/// JSON that owns its text.
final class TestJSON {
    private let bytes: UnsafeMutableRawBufferPointer
    let value: JSONValue

    init(_ text: String) throws {
        bytes = .allocate(byteCount: text.utf8.count, alignment: 1)
        bytes.copyBytes(from: Array(text.utf8))
        value = try JSONScanner.scan(UnsafeRawBufferPointer(bytes))
    }

    deinit { bytes.deallocate() }

    var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }

    var tree: PatternTree { Self.tree(value) }

    private static func tree(_ value: JSONValue) -> PatternTree {
        func text(_ value: JSONValue) -> String {
            let writer = ByteWriter()
            _ = value.appendUnescaped(to: writer)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
        switch value.kind {
        case .object: return .object(value.members.map { .init(text($0.name), tree($0.value)) })
        case .array: return .list(value.elements.map { tree($0) })
        case .string: return .string(text(value))
        case .number: return .number(String(decoding: value.raw, as: UTF8.self))
        case .boolean: return .boolean(value.raw[0] == UInt8(ascii: "t"))
        case .null: return .null
        }
    }
}

/// A pattern on the payload, as JSON.
func pattern(_ data: String) throws -> FilterExpression { .pattern(.object([.init("data", try TestJSON(data).tree)])) }

/// The event with a JSON payload.
func withEvent<Result>(data: String, _ body: (Event) throws -> Result) throws -> Result {
    let json = try TestJSON(data)
    let attributes = TestEvent()
    var event = attributes.event
    event.data = json.raw
    event.dataKind = .json
    return try withExtendedLifetime((json, attributes)) { try body(event) }
}

func matches(_ filter: FilterExpression, _ event: Event) -> Bool {
    var matches = ContiguousArray<Int32>()
    TopicMatcher(filters: [[filter]]).match(event, into: &matches)
    return matches == [0]
}

/// A case of `event-ruler-derived`.
struct RulerCase {
    var pattern: String
    var event: String
    var matches: Bool
    var name: String

    /// `$FANFARE_VECTORS`, or `../shared/vectors` beside the package; nil when absent.
    static func all(_ file: String) throws -> [RulerCase]? {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = ProcessInfo.processInfo.environment["FANFARE_VECTORS"].map { URL(fileURLWithPath: $0) }
            ?? root.deletingLastPathComponent().appendingPathComponent("shared/vectors")
        let url = folder.appendingPathComponent("event-ruler-derived/\(file)")
        guard let text = try? String(contentsOf: url, encoding: .utf8) else {
            print("skipped: no vectors (\(url.path))")
            return nil
        }
        return try text.split(separator: "\n").map { line in
            guard case .object(let members) = try TestJSON(String(line)).tree else { preconditionFailure("a line is an object") }
            let fields = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
            return RulerCase(
                pattern: fields["pattern_json"]?.text ?? fields["pattern"]?.json ?? "", event: fields["event_json"]?.text ?? fields["event"]?.json ?? "",
                matches: fields["matches"] == .boolean(true), name: fields["name"]?.text ?? fields["test"]?.text ?? "")
        }
    }
}

extension PatternTree {
    var text: String? { if case .string(let text) = self { text } else { nil } }

    var json: String {
        func quoted(_ text: String) -> String {
            let writer = ByteWriter()
            Array(text.utf8).withUnsafeBytes { writer.appendJSONString($0) }
            return String(decoding: writer.bytes, as: UTF8.self)
        }
        return switch self {
        case .object(let members): "{" + members.map { "\(quoted($0.name)):\($0.value.json)" }.joined(separator: ",") + "}"
        case .list(let items): "[" + items.map(\.json).joined(separator: ",") + "]"
        case .string(let text): quoted(text)
        case .number(let text): text
        case .boolean(let value): "\(value)"
        case .null: "null"
        }
    }
}
