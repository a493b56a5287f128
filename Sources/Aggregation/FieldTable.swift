import EventFormats
import EventModel

/// The places in events that a subscription's windows look at, each once however many aggregates and keys use it.
struct FieldTable {
    private var fields: [EventField] = []
    /// Of the event looked at last.
    private var values: [JSONValue?] = []

    mutating func index(pointer: String) -> Int { index(pointer) { EventField(pointer: pointer) } }

    mutating func index(attribute: String) -> Int { index(attribute) { EventField(attribute: attribute) } }

    /// Names of attributes have no `/`, which pointers begin with.
    private mutating func index(_ name: String, _ make: () -> EventField) -> Int {
        if let known = fields.firstIndex(where: { $0.name == name }) { return known }
        fields.append(make())
        values.append(nil)
        return fields.count - 1
    }

    var count: Int { fields.count }

    mutating func look(at event: Event) {
        for index in fields.indices { values[index] = fields[index].find(in: event) }
    }

    func value(_ index: Int) -> JSONValue? { values[index] }
}
