import EventFormats

/// `count`: of events, whatever their values are.
final class Count: AggregateFunction {
    var column = Column<Void, Int>()
    let initial = 0

    func read(_ value: JSONValue) {}
    func add(_ operand: Void, at place: EventPlace, to state: inout Int) { state += 1 }
    func merge(_ other: Int, into state: inout Int) { state += other }
    func write(_ state: Int, to writer: ByteWriter) { writer.append(decimal: Int64(state)) }
    func bytes(of state: Int) -> Int { 0 }
}
