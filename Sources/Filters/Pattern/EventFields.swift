import EventFormats
import EventModel

/// The values of one event at the paths of a `FieldTree`. Kept and filled again for every event.
struct EventFields {
    typealias Bytes = UnsafeRawBufferPointer

    /// Fields may be added between events.
    var tree = FieldTree()
    private(set) var elements = ArrayElements()
    /// Grouped by field, within one by element.
    private(set) var leaves = ContiguousArray<Leaf>()
    private var places = ContiguousArray<Place>()
    /// The fields that have values.
    private(set) var present = ContiguousArray<FieldTree.Field>()
    private var unsorted = ContiguousArray<Leaf>()
    /// Texts whose escapes were resolved.
    private let texts = ByteWriter()

    /// Memory for more than so many values, or elements, is given back, so that one huge event does not stay.
    private static let keptLeaves = 1 << 14

    private struct Place {
        var start: Int32 = 0
        var count: Int32 = 0
    }

    init(_ tree: FieldTree = FieldTree()) { self.tree = tree }

    var fieldCount: Int { tree.fieldCount }

    /// Objects stand in arrays.
    var hasElements: Bool { !elements.isEmpty }

    /// The event has no value there, or perhaps not in every element of an array.
    func mayBeAbsent(_ field: FieldTree.Field) -> Bool { hasElements || range(of: field).isEmpty }

    /// Where the values of a field stand in `leaves`.
    func range(of field: FieldTree.Field) -> Range<Int> {
        let place = places[Int(field)]
        return Int(place.start)..<Int(place.start + place.count)
    }

    /// - Parameter event: must stay valid as long as the values are looked at.
    mutating func read(_ event: Event) {
        for field in present { places[Int(field)].count = 0 }
        while places.count < tree.fieldCount { places.append(Place()) }
        present.removeAll(keepingCapacity: true)
        elements.removeAll(keepingAtMost: Self.keptLeaves)
        leaves.removeAll(keepingCapacity: leaves.capacity <= Self.keptLeaves)
        texts.removeAll(keepingAtMost: 1 << 20)
        readAttributes(event)
        if event.dataKind == .json { readData(event.data) }
        for field in present where places[Int(field)].count > 1 { return sort() }
    }

    // MARK: Attributes

    private mutating func readAttributes(_ event: Event) {
        add("id", event.id)
        add("source", event.source)
        add("type", event.type)
        if let subject = event.subject { add("subject", subject) }
        if let time = event.time { add("time", time) }
        if let type = event.dataContentType { add("datacontenttype", type) }
        if let schema = event.dataSchema { add("dataschema", schema) }
        add("specversion", Bytes(start: ("1.0" as StaticString).utf8Start, count: 3))
        for attribute in event.extensions {
            let field = field(attribute.name)
            guard field != FieldTree.none else { continue }
            switch attribute.kind {
            case .string: append(Leaf(kind: .text, bytes: attribute.value, field: field, element: ArrayElements.none))
            case .boolean: append(Leaf(kind: .literal, bytes: attribute.value, field: field, element: ArrayElements.none))
            case .integer:
                append(Leaf(kind: .number, bytes: attribute.value, number: JSONNumber.value(attribute.value), field: field, element: ArrayElements.none))
            }
        }
    }

    private mutating func add(_ name: StaticString, _ value: Bytes) {
        let field = field(Bytes(start: name.utf8Start, count: name.utf8CodeUnitCount))
        if field != FieldTree.none { append(Leaf(kind: .text, bytes: value, field: field, element: ArrayElements.none)) }
    }

    private func field(_ attribute: Bytes) -> FieldTree.Field {
        let node = tree.child(of: FieldTree.root, named: attribute)
        return node == FieldTree.none ? FieldTree.none : tree.field(at: node)
    }

    // MARK: Data

    private mutating func readData(_ data: Bytes) {
        let name: StaticString = "data"
        let node = tree.child(of: FieldTree.root, named: Bytes(start: name.utf8Start, count: name.utf8CodeUnitCount))
        guard node != FieldTree.none else { return }
        // Texts are looked at where they were written, so they must not move.
        texts.reserve(data.count)
        var cursor = JSONCursor(data)
        read(cursor.next(), &cursor, node, in: ArrayElements.none)
    }

    /// - Parameter first: of the value that the cursor stands at.
    private mutating func read(_ first: UInt8, _ cursor: inout JSONCursor, _ node: FieldTree.NodeID, in element: ArrayElements.ID) {
        switch first {
        case UInt8(ascii: "{"): readObject(&cursor, node, in: element)
        case UInt8(ascii: "["): readArray(&cursor, node, in: element)
        case UInt8(ascii: "\""): add(.text, passText(&cursor), node, in: element)
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): add(.literal, cursor.passValue().raw, node, in: element)
        default: add(.number, cursor.passValue().raw, node, in: element)
        }
    }

    private mutating func readObject(_ cursor: inout JSONCursor, _ node: FieldTree.NodeID, in element: ArrayElements.ID) {
        guard tree.hasChildren(node) else { return _ = cursor.passValue() }
        cursor.passBracket()
        while cursor.next() != UInt8(ascii: "}") {
            let next = tree.descend(from: node, by: passText(&cursor))
            let first = cursor.next()
            if next == FieldTree.none { _ = cursor.passValue() } else { read(first, &cursor, next, in: element) }
        }
        cursor.passBracket()
    }

    private mutating func readArray(_ cursor: inout JSONCursor, _ node: FieldTree.NodeID, in element: ArrayElements.ID) {
        cursor.passBracket()
        let array = elements.openArray()
        var first = ArrayElements.none
        while true {
            let byte = cursor.next()
            if byte == UInt8(ascii: "]") { break }
            guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") else {
                read(byte, &cursor, node, in: element)
                continue
            }
            let inner = elements.openElement(of: array, in: element)
            if first == ArrayElements.none { first = inner }
            read(byte, &cursor, node, in: inner)
            elements.closeElement(inner)
        }
        cursor.passBracket()
        if first != ArrayElements.none { elements.closeArray(first: first) }
    }

    private mutating func add(_ kind: Leaf.Kind, _ bytes: Bytes, _ node: FieldTree.NodeID, in element: ArrayElements.ID) {
        let field = tree.field(at: node)
        guard field != FieldTree.none else { return }
        append(Leaf(kind: kind, bytes: bytes, number: kind == .number ? JSONNumber.value(bytes) : nil, field: field, element: element))
    }

    /// Half a surrogate pair is no character: such a text stays as it was written, and equals nothing.
    private func passText(_ cursor: inout JSONCursor) -> Bytes {
        let value = cursor.passValue()
        let start = texts.count
        guard cursor.hasEscapes, value.appendUnescaped(to: texts) else { return Bytes(rebasing: value.raw[1..<value.raw.count - 1]) }
        return texts.bytes(from: start)
    }

    // MARK: Order

    private mutating func append(_ leaf: Leaf) {
        let field = Int(leaf.field)
        if places[field].count == 0 {
            places[field].start = Int32(leaves.count)
            present.append(leaf.field)
        }
        places[field].count += 1
        leaves.append(leaf)
    }

    /// By field, and within one by element.
    private mutating func sort() {
        swap(&leaves, &unsorted)
        var start: Int32 = 0
        for field in present {
            let count = places[Int(field)].count
            places[Int(field)] = Place(start: start, count: 0)
            start += count
        }
        leaves.append(contentsOf: unsorted)
        // `[[1], 2]`: what stands in the outer array comes behind an element inside of it.
        var inOrder = true
        for leaf in unsorted {
            let place = places[Int(leaf.field)]
            let position = Int(place.start + place.count)
            if place.count > 0, leaves[position - 1].element > leaf.element { inOrder = false }
            leaves[position] = leaf
            places[Int(leaf.field)].count += 1
        }
        if !inOrder {
            for field in present { leaves[range(of: field)].sort { $0.element < $1.element } }
        }
        unsorted.removeAll(keepingCapacity: unsorted.capacity <= Self.keptLeaves)
    }
}
