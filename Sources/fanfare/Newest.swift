/// The last so many of all that is added. Holds twice as many at most.
struct Newest<Element> {
    private let limit: Int
    private var kept: [Element] = []

    init(_ limit: Int) { self.limit = limit }

    mutating func add(_ element: Element) {
        if kept.count / 2 >= limit { kept.removeFirst(limit) }
        kept.append(element)
    }

    var elements: ArraySlice<Element> { kept.suffix(limit) }
}
