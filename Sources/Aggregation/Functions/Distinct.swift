import EventFormats

/// `distinct`: how many different values there are, counted up to a limit.
final class Distinct: AggregateFunction {
    enum Values {
        case counting(Set<ValueKey>)
        /// There are more than the limit: which ones does not matter any more.
        case full
    }

    var column = Column<ValueKey, Values>()
    let initial = Values.counting([])
    private let limit: Int
    private let canonical = CanonicalJSON()
    private let written = ByteWriter()

    init(limit: Int) { self.limit = limit }

    func read(_ value: JSONValue) throws(ValueProblem) -> ValueKey {
        written.removeAll(keepingAtMost: 1 << 16)
        try canonical.append(value, to: written)
        return ValueKey(written.bytes)
    }

    func add(_ operand: ValueKey, at place: EventPlace, to state: inout Values) {
        guard case .counting(var keys) = state else { return }
        // Taken out while it changes, or it would be copied.
        state = .full
        keys.insert(operand)
        if keys.count <= limit { state = .counting(keys) }
    }

    func merge(_ other: Values, into state: inout Values) {
        guard case .counting(var keys) = state, case .counting(let others) = other else { return state = .full }
        state = .full
        keys.formUnion(others)
        if keys.count <= limit { state = .counting(keys) }
    }

    func write(_ state: Values, to writer: ByteWriter) {
        switch state {
        case .counting(let keys): writer.append(decimal: Int64(keys.count))
        case .full: writer.append(decimal: Int64(limit))
        }
    }

    func isTruncated(_ state: Values) -> Bool {
        if case .full = state { true } else { false }
    }

    /// A set fills three quarters of its table at most, which doubles when it grows.
    func bytes(of state: Values) -> Int {
        guard case .counting(let keys) = state, !keys.isEmpty else { return 0 }
        return keys.capacity * 4 / 3 * MemoryLayout<ValueKey>.stride + arrayOverhead
    }
}
