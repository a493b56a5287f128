import EventFormats
import EventModel

/// Writes what an event's group is: a JSON array of the values of `window.groupBy` in canonical form, nothing as `null`.
final class GroupReader {
    private enum Part {
        case key
        /// Among the fields that are looked up.
        case field(Int)
    }

    /// Of the text; the group stands in the event of each of its windows.
    static let longest = 16 << 10

    private let parts: [(name: String, part: Part)]
    private let canonical = CanonicalJSON()
    private let text = ByteWriter()

    init(_ keys: [GroupKey], _ fields: inout FieldTable) {
        var parts: [(name: String, part: Part)] = []
        for key in keys {
            switch key {
            case .key: parts.append((key.name, .key))
            case .attribute(let name): parts.append((key.name, .field(fields.index(attribute: name))))
            case .pointer(let pointer): parts.append((key.name, .field(fields.index(pointer: pointer))))
            }
        }
        self.parts = parts
    }

    /// - Returns: the group, valid until the next call.
    func read(_ record: RecordView, _ fields: FieldTable) throws(PoisonReason) -> UnsafeRawBufferPointer {
        text.removeAll(keepingAtMost: 2 * Self.longest)
        text.append(UInt8(ascii: "["))
        for (index, (name, part)) in parts.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            switch part {
            case .key: GroupKeyText.append(record.key, to: text)
            case .field(let field):
                do throws(ValueProblem) {
                    try canonical.append(fields.value(field), to: text)
                } catch {
                    throw PoisonReason("group: \(name) \(error.text)")
                }
            }
        }
        text.append(UInt8(ascii: "]"))
        guard text.count <= Self.longest else {
            throw PoisonReason("group: its values have \(text.count) bytes, more than \(Self.longest)")
        }
        return text.bytes
    }
}
