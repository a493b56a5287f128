import EventFormats

/// `first` and `last`: the value of the event that comes first or last, by the window's time, then by offset.
final class Edge: SingleValueFunction {
    var column = Column<JSONValue, PlacedValue?>()
    private let wantsLast: Bool
    private let longest: Int

    /// - Parameter longest: bytes of a value that may be held.
    init(wantsLast: Bool, longest: Int) {
        self.wantsLast = wantsLast
        self.longest = longest
    }

    func read(_ value: JSONValue) throws(ValueProblem) -> JSONValue { try value.checked(longest: longest) }

    func prefers(_ new: JSONValue, at place: EventPlace, to held: JSONValue, at heldPlace: EventPlace) -> Bool {
        (heldPlace < place) == wantsLast
    }
}
