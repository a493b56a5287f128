/// The elements of an event's arrays that hold objects or arrays, as a tree in the order of the document.
///
/// Two values are consistent when no array has them in different elements: `[{"a": 1}, {"b": 2}]` has `a` and `b`, but not
/// together. Values that stand in an array themselves (`"tags": ["x", "y"]`) are in no element of it.
struct ArrayElements {
    typealias ID = Int32
    /// Not inside of any array.
    static let none: ID = -1

    private struct Element {
        var parent: ID
        var array: Int32
        /// The first element behind those inside of this one; behind those of the whole array.
        var end: ID
        var arrayEnd: ID
    }

    private var elements = ContiguousArray<Element>()
    private var arrays: Int32 = 0

    var isEmpty: Bool { elements.isEmpty }

    /// - Parameter kept: memory for more elements is given back.
    mutating func removeAll(keepingAtMost kept: Int) {
        elements.removeAll(keepingCapacity: elements.capacity <= kept)
        arrays = 0
    }

    /// An array begins.
    mutating func openArray() -> Int32 {
        defer { arrays += 1 }
        return arrays
    }

    mutating func openElement(of array: Int32, in parent: ID) -> ID {
        elements.append(Element(parent: parent, array: array, end: 0, arrayEnd: 0))
        return ID(elements.count - 1)
    }

    mutating func closeElement(_ element: ID) { elements[Int(element)].end = ID(elements.count) }

    /// - Parameter first: its first element; the others are its siblings.
    mutating func closeArray(first: ID) {
        let end = ID(elements.count)
        var element = first
        while element < end {
            elements[Int(element)].arrayEnd = end
            element = elements[Int(element)].end
        }
    }

    /// Nil when both may be true together; else the first element behind `candidate`, in the order of the document, in
    /// which something may be consistent with `chosen`.
    func conflict(of candidate: ID, with chosen: ID) -> ID? {
        var (a, b) = (candidate, chosen)
        var (belowA, belowB) = (Self.none, Self.none)
        // Parents come before their children.
        while a != b {
            if a > b {
                belowA = a
                a = elements[Int(a)].parent
            } else {
                belowB = b
                b = elements[Int(b)].parent
            }
        }
        guard belowA != Self.none, belowB != Self.none, elements[Int(belowA)].array == elements[Int(belowB)].array else { return nil }
        return belowA < belowB ? belowB : elements[Int(belowA)].arrayEnd
    }
}
