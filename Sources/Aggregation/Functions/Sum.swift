import EventFormats

/// `sum`: of numbers, exact; 0 of none.
final class Sum: AggregateFunction {
    var column = Column<ExactDecimal, ExactDecimal>()
    let initial = ExactDecimal.zero

    func read(_ value: JSONValue) throws(ValueProblem) -> ExactDecimal { ExactDecimal(try number(value)) }
    func add(_ operand: ExactDecimal, at place: EventPlace, to state: inout ExactDecimal) { state += operand }
    func merge(_ other: ExactDecimal, into state: inout ExactDecimal) { state += other }
    func write(_ state: ExactDecimal, to writer: ByteWriter) { writer.append(state) }
    func bytes(of state: ExactDecimal) -> Int { state.bytes }
}

/// What sums are made of.
func number(_ value: JSONValue) throws(ValueProblem) -> Numeral {
    switch value.kind {
    case .number: return try Numeral(value)
    case .string: throw ValueProblem("is a string, not a number")
    case .boolean: throw ValueProblem("is a boolean, not a number")
    case .object: throw ValueProblem("is an object, not a number")
    case .array: throw ValueProblem("is an array, not a number")
    case .null: throw ValueProblem("is null, not a number")
    }
}
