import EventFormats

/// One aggregate of a subscription's windows, by the window's index.
protocol AggregateColumn: AnyObject {
    /// Of memory for one window that holds nothing yet.
    var bytesPerWindow: Int { get }
    /// Looks at an event's value; `add` is about this one.
    func look(at value: JSONValue?) throws(ValueProblem)
    /// A window begins with nothing in it. Indices come in order, or again.
    func open(_ window: Int)
    /// - Returns: bytes by which the window grew.
    func add(to window: Int, at place: EventPlace) -> Int
    /// The first is left with nothing.
    ///
    /// - Returns: bytes by which both together grew.
    func merge(window: Int, into other: Int) -> Int
    /// Gives back the memory of a window.
    ///
    /// - Returns: its bytes beside those that every window has.
    func clear(_ window: Int) -> Int
    func write(window: Int, to writer: ByteWriter)
    func isTruncated(window: Int) -> Bool
}

/// The states of all windows in one array, so that none is an object of its own.
struct Column<Operand, State> {
    var states = ContiguousArray<State>()
    /// Nil when the event looked at last has nothing to say.
    var operand: Operand?
}

// An extension of the functions and not a generic class around them: this way the compiler makes it for each of them.
extension AggregateFunction {
    var bytesPerWindow: Int { MemoryLayout<State>.stride }

    func look(at value: JSONValue?) throws(ValueProblem) {
        column.operand = nil
        if let value { column.operand = try read(value) }
    }

    func open(_ window: Int) {
        if window == column.states.count { column.states.append(initial) }
    }

    func add(to window: Int, at place: EventPlace) -> Int {
        guard let operand = column.operand else { return 0 }
        let before = bytes(window)
        add(operand, at: place, to: &column.states[window])
        return bytes(window) - before
    }

    func merge(window: Int, into other: Int) -> Int {
        let before = bytes(window) + bytes(other)
        let merged = column.states[window]
        column.states[window] = initial
        merge(merged, into: &column.states[other])
        return bytes(other) - before
    }

    func clear(_ window: Int) -> Int {
        defer { column.states[window] = initial }
        return bytes(window)
    }

    func write(window: Int, to writer: ByteWriter) { write(column.states[window], to: writer) }

    func isTruncated(window: Int) -> Bool { isTruncated(column.states[window]) }

    private func bytes(_ window: Int) -> Int { bytes(of: column.states[window]) }
}
