/// Where the members of a text's outermost object stand, noted while `JSONScanner` reads it, so that nobody has to walk over their values
/// again. Used again and again; allocates nothing once it has room.
package final class JSONMembers {
    private struct Place {
        var name: Range<Int>
        var value: Range<Int>
    }

    /// Kept from text to text; an object with more is no event that anybody sends twice.
    private static let kept = 1024

    private var places: ContiguousArray<Place> = []
    private var text = UnsafeRawBufferPointer(start: nil, count: 0)

    package init() {}

    /// Of the text that was scanned last.
    package var count: Int { places.count }

    /// In their order, repeated names included.
    package subscript(_ index: Int) -> JSONValue.Member {
        let place = places[index]
        return JSONValue.Member(
            name: JSONValue(validated: UnsafeRawBufferPointer(rebasing: text[place.name])),
            value: JSONValue(validated: UnsafeRawBufferPointer(rebasing: text[place.value])))
    }

    func begin(_ text: UnsafeRawBufferPointer) {
        self.text = text
        places.removeAll(keepingCapacity: places.capacity <= Self.kept)
    }

    func add(name: Range<Int>, value: Range<Int>) { places.append(Place(name: name, value: value)) }

    /// The value of the member of that name; of the last one where they are several.
    func value(of name: UnsafeRawBufferPointer) -> JSONValue? {
        for index in places.indices.reversed() where self[index].name.stringEquals(name) { return self[index].value }
        return nil
    }
}
