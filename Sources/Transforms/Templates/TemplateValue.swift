import EventFormats
import EventModel

/// What a name of a template stands for.
enum TemplateValue {
    case missing
    case event
    /// UTF-8 that is not JSON: an attribute, or a payload of text.
    case text(UnsafeRawBufferPointer)
    /// Bytes that are shown as base64.
    case bytes(UnsafeRawBufferPointer)
    case json(JSONValue)
    case flag(Bool)

    /// What a section over it does: false, null, nothing, an empty text and an empty list leave it out.
    var isTruthy: Bool {
        switch self {
        case .missing: false
        case .event: true
        case .text(let text): !text.isEmpty
        case .bytes(let bytes): !bytes.isEmpty
        case .flag(let flag): flag
        case .json(let value):
            switch value.kind {
            case .null: false
            case .boolean: value.raw[0] == UInt8(ascii: "t")
            case .string: !value.stringBody.isEmpty
            case .array: value.elements.first { _ in true } != nil
            case .number, .object: true
            }
        }
    }

    var list: JSONValue? {
        if case .json(let value) = self, value.kind == .array { value } else { nil }
    }

    /// Bytes that looking for a name in it may pass.
    var size: Int {
        if case .json(let value) = self { value.raw.count } else { 64 }
    }

    /// The part of that name; nil where there is none.
    func step(_ name: UnsafeRawBufferPointer, _ event: Event) -> TemplateValue? {
        switch self {
        case .event: Self.find(name, in: event)
        case .json(let value): JSONPointer.step(name, from: value).map { .json($0) }
        case .missing, .text, .bytes, .flag: nil
        }
    }

    private static func find(_ name: UnsafeRawBufferPointer, in event: Event) -> TemplateValue? {
        switch String(decoding: name, as: UTF8.self) {
        case "data":
            switch event.dataKind {
            case .none, .binary: return nil
            case .json: return .json(JSONValue(surroundedBySpace: event.data))
            case .text: return .text(event.data)
            }
        case "data_base64": return event.dataKind == .binary ? .bytes(event.data) : nil
        default:
            return event.attribute(name).map { $0.kind == .string ? .text($0.value) : .json(JSONValue(validated: $0.value)) }
        }
    }
}
