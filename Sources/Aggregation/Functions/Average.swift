import EventFormats

/// `avg`: the exact sum divided by the number of values, to 34 digits; `null` of none.
final class Average: AggregateFunction {
    struct Mean {
        var sum = ExactDecimal.zero
        var count = 0
    }

    var column = Column<ExactDecimal, Mean>()
    let initial = Mean()

    func read(_ value: JSONValue) throws(ValueProblem) -> ExactDecimal { ExactDecimal(try number(value)) }

    func add(_ operand: ExactDecimal, at place: EventPlace, to state: inout Mean) {
        state.sum += operand
        state.count += 1
    }

    func merge(_ other: Mean, into state: inout Mean) {
        state.sum += other.sum
        state.count += other.count
    }

    func write(_ state: Mean, to writer: ByteWriter) {
        guard state.count > 0 else { return writer.append("null" as StaticString) }
        writer.append(state.sum.divided(by: state.count))
    }

    func bytes(of state: Mean) -> Int { state.sum.bytes }
}
