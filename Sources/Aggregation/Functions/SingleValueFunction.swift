import EventFormats

/// An aggregate that is one of the values, as it was written; `null` of none.
protocol SingleValueFunction: AggregateFunction where Operand == JSONValue, State == PlacedValue? {
    /// Whether a value takes the place of the one that is held.
    func prefers(_ new: JSONValue, at place: EventPlace, to held: JSONValue, at heldPlace: EventPlace) -> Bool
}

struct PlacedValue {
    var value: HeldValue
    var place: EventPlace
}

extension SingleValueFunction {
    var initial: PlacedValue? { nil }

    func add(_ operand: JSONValue, at place: EventPlace, to state: inout PlacedValue?) {
        guard let heldPlace = state?.place else { return state = PlacedValue(value: HeldValue(operand), place: place) }
        guard state!.value.withValue({ prefers(operand, at: place, to: $0, at: heldPlace) }) else { return }
        state!.value.hold(operand)
        state!.place = place
    }

    func merge(_ other: PlacedValue?, into state: inout PlacedValue?) {
        guard let other else { return }
        other.value.withValue { add($0, at: other.place, to: &state) }
    }

    func write(_ state: PlacedValue?, to writer: ByteWriter) {
        if let state { state.value.write(to: writer) } else { writer.append("null" as StaticString) }
    }

    func bytes(of state: PlacedValue?) -> Int { state?.value.bytes ?? 0 }
}
