import EventModel

/// The attributes of one event while they are being collected. Belongs to a decoder, which reuses it.
struct ContextAttributes {
    typealias Bytes = UnsafeRawBufferPointer

    /// More extensions than any sensible event has; they are compared with one another.
    static let maximumExtensions = 128

    private var core = InlineArray<8, Bytes?>(repeating: nil)
    private(set) var extensions: [Event.Extension] = []

    subscript(attribute: CoreAttribute) -> Bytes? {
        get { core[attribute.rawValue] }
        set { core[attribute.rawValue] = newValue }
    }

    /// Forgets everything. The array of extensions is used again unless somebody still holds the last event.
    mutating func removeAll() {
        core = InlineArray<8, Bytes?>(repeating: nil)
        extensions.removeAll(keepingCapacity: true)
    }

    func hasExtension(_ name: Bytes) -> Bool { extensions.contains { $0.name.equals(name) } }

    /// Adds an extension or replaces the one of that name.
    mutating func set(_ new: Event.Extension) throws(PoisonReason) {
        if let problem = AttributeRules.problem(text: new.value) {
            throw PoisonReason("attribute \(PoisonReason.quoted(new.name)) \(problem)")
        }
        if let index = extensions.firstIndex(where: { $0.name.equals(new.name) }) {
            extensions[index] = new
        } else if extensions.count < ContextAttributes.maximumExtensions {
            extensions.append(new)
        } else {
            throw PoisonReason("more than \(ContextAttributes.maximumExtensions) extension attributes")
        }
    }

    mutating func removeExtension(_ name: Bytes) {
        extensions.removeAll { $0.name.equals(name) }
    }

    /// The event without its data, once all attributes are known to be valid.
    func event() throws(PoisonReason) -> Event {
        for attribute in CoreAttribute.allCases {
            if let value = self[attribute] {
                if let problem = attribute.problem(value) { throw PoisonReason("\(attribute.name) \(problem)") }
            } else if attribute.isRequired {
                throw PoisonReason("required attribute \(attribute.name) is missing")
            }
        }
        var event = Event()
        if let id = self[.id], let source = self[.source], let type = self[.type] {
            event.id = id
            event.source = source
            event.type = type
        }
        event.subject = self[.subject]
        event.time = self[.time]
        event.dataContentType = self[.datacontenttype]
        event.dataSchema = self[.dataschema]
        event.extensions = extensions
        return event
    }
}
