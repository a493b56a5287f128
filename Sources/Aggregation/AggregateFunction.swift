import EventFormats

/// One kind of aggregate: what it keeps of the values of one window, and how.
///
/// The result must not depend on the order of `add` and `merge`: sessions are merged, and after a restart the log is read
/// from another place. What has an order has the one of the events' places.
protocol AggregateFunction: AggregateColumn {
    /// What one event says, made ready by `read`; valid as long as the value it was read from.
    associatedtype Operand
    associatedtype State

    /// Of all windows, for `AggregateColumn`.
    var column: Column<Operand, State> { get set }
    var initial: State { get }
    /// - Throws: why the value cannot be taken; the event is poison then.
    func read(_ value: JSONValue) throws(ValueProblem) -> Operand
    func add(_ operand: Operand, at place: EventPlace, to state: inout State)
    func merge(_ other: State, into state: inout State)
    /// As JSON.
    func write(_ state: State, to writer: ByteWriter)
    /// Whether a limit has cut something off.
    func isTruncated(_ state: State) -> Bool
    /// Of memory beside the state's own.
    func bytes(of state: State) -> Int
}

extension AggregateFunction {
    func isTruncated(_ state: State) -> Bool { false }
}
