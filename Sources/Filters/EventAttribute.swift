import EventModel
import Glibc

/// A context attribute as compiled filters name it: found in an event without comparing names, extensions excepted.
enum EventAttribute {
    case id, source, type, subject, time, datacontenttype, dataschema, specversion
    case named(TextPool.Text)

    init(_ name: String, in pool: inout TextPool) {
        self = switch name {
        case "id": .id
        case "source": .source
        case "type": .type
        case "subject": .subject
        case "time": .time
        case "datacontenttype": .datacontenttype
        case "dataschema": .dataschema
        case "specversion": .specversion
        default: .named(pool.intern(name))
        }
    }

    /// Its value in string form, nil where the event does not have it.
    func value(in event: borrowing Event, _ texts: TextPool.Reader) -> UnsafeRawBufferPointer? {
        switch self {
        case .id: return event.id
        case .source: return event.source
        case .type: return event.type
        case .subject: return event.subject
        case .time: return event.time
        case .datacontenttype: return event.dataContentType
        case .dataschema: return event.dataSchema
        case .specversion:
            let text: StaticString = "1.0"
            return UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        case .named: return extensionAttribute(in: event, texts)?.value
        }
    }

    /// The extension attribute, with its type.
    func extensionAttribute(in event: borrowing Event, _ texts: TextPool.Reader) -> Event.Extension? {
        guard case .named(let name) = self else { return nil }
        let wanted = texts[name]
        for candidate in event.extensions where candidate.name.isEqual(to: wanted) { return candidate }
        return nil
    }
}

extension UnsafeRawBufferPointer {
    func isEqual(to other: UnsafeRawBufferPointer) -> Bool { count == other.count && hasBytes(of: other, at: 0) }

    /// Whether all bytes of `other` stand at `offset`, where there must be room for them.
    func hasBytes(of other: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        guard other.count > 0, let a = baseAddress, let b = other.baseAddress else { return other.isEmpty }
        return memcmp(a + offset, b, other.count) == 0
    }
}
