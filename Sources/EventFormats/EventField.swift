public import EventModel

/// A place in events, looked up in one after the other: a context attribute, or a JSON pointer into the event as structured
/// JSON (attributes at the top, the payload under `/data`; `/data_base64` where that is what structured JSON has).
///
/// Whatever is there comes as JSON: an attribute, or a payload of text, as a string. Belongs to one thread.
public final class EventField {
    private enum Place {
        case core(CoreAttribute)
        case named(ContiguousArray<UInt8>)
        case data(JSONPointer)
        case base64
        case nowhere
    }

    /// As the manifest says it.
    public let name: String
    private let place: Place
    /// Of the event looked at last, where its bytes are not JSON as they are.
    private let written = ByteWriter(capacity: 64)
    /// Memory that an unusual event took is given back beyond this many bytes.
    private static let keptMemory = 1 << 16

    /// - Parameter attribute: the name of a context attribute.
    public init(attribute: String) {
        name = attribute
        place = Self.place(ofAttribute: attribute)
    }

    public init(pointer: String) {
        name = pointer
        if pointer == "/data_base64" {
            place = .base64
        } else if pointer == "/data" || pointer.hasPrefix("/data/") {
            place = JSONPointer(String(pointer.dropFirst(5))).map { .data($0) } ?? .nowhere
        } else if pointer.hasPrefix("/") {
            place = Self.place(ofAttribute: String(pointer.dropFirst()))
        } else {
            place = .nowhere
        }
    }

    private static func place(ofAttribute name: String) -> Place {
        let bytes = ContiguousArray(name.utf8)
        return bytes.withUnsafeBytes { CoreAttribute($0) }.map { .core($0) } ?? .named(bytes)
    }

    /// What the event has there; nil for nothing, and for `null`. Valid until the next call, and as long as the event.
    public func find(in event: Event) -> JSONValue? {
        switch place {
        case .core(let attribute):
            return event[attribute].map(string)
        case .named(let name):
            guard let found = name.withUnsafeBytes({ name in event.extensions.first { $0.name.equals(name) } }) else { return nil }
            return found.kind == .string ? string(found.value) : JSONValue(validated: found.value)
        case .data(let pointer):
            switch event.dataKind {
            case .none, .binary: return nil
            case .text: return pointer.find(in: string(event.data))
            case .json:
                guard let value = pointer.find(in: JSONValue(surroundedBySpace: event.data)), value.kind != .null else { return nil }
                return value
            }
        case .base64:
            guard event.dataKind == .binary else { return nil }
            return write { $0.appendBase64(event.data) }
        case .nowhere:
            return nil
        }
    }

    private func string(_ text: UnsafeRawBufferPointer) -> JSONValue { write { $0.appendJSONEscaped(text) } }

    private func write(_ body: (ByteWriter) -> Void) -> JSONValue {
        written.removeAll(keepingAtMost: Self.keptMemory)
        written.append(UInt8(ascii: "\""))
        body(written)
        written.append(UInt8(ascii: "\""))
        return JSONValue(validated: written.bytes)
    }
}

extension Event {
    /// A context attribute by its name, with the kind that it has in JSON.
    package func attribute(_ name: Bytes) -> Extension? {
        guard let core = CoreAttribute(name) else { return extensions.first { $0.name.equals(name) } }
        return self[core].map { Extension(name: name, value: $0) }
    }

    fileprivate subscript(attribute: CoreAttribute) -> Bytes? {
        switch attribute {
        case .specversion: UnsafeRawBufferPointer(start: Self.specversion.utf8Start, count: Self.specversion.utf8CodeUnitCount)
        case .id: id
        case .source: source
        case .type: type
        case .subject: subject
        case .time: time
        case .datacontenttype: dataContentType
        case .dataschema: dataSchema
        }
    }

    private static let specversion: StaticString = "1.0"
}
