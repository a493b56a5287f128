import EventFormats

/// `first` and `last`: the value of the event that comes first or last, by the window's time, then by offset.
struct Edge: SingleValueFunction {
    let wantsLast: Bool
    let longest: Int

    func read(_ value: JSONValue) throws(ValueProblem) -> JSONValue { try value.checked(longest: longest) }

    func prefers(_ new: JSONValue, at place: EventPlace, to held: JSONValue, at heldPlace: EventPlace) -> Bool {
        (heldPlace < place) == wantsLast
    }
}
