import EventFormats

/// `avg`: the exact sum divided by the number of values, to 34 digits; `null` of none.
struct Average: AggregateFunction {
    struct State {
        var sum = ExactDecimal.zero
        var count = 0
    }

    let initial = State()

    func read(_ value: JSONValue) throws(ValueProblem) -> ExactDecimal { ExactDecimal(try number(value)) }

    func add(_ operand: ExactDecimal, at place: EventPlace, to state: inout State) {
        state.sum += operand
        state.count += 1
    }

    func merge(_ other: State, into state: inout State) {
        state.sum += other.sum
        state.count += other.count
    }

    func write(_ state: State, to writer: ByteWriter) {
        guard state.count > 0 else { return writer.append("null" as StaticString) }
        writer.append(state.sum.divided(by: state.count))
    }

    func bytes(of state: State) -> Int { state.sum.bytes }
}
