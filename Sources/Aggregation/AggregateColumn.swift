import EventFormats

/// One aggregate of a subscription's windows, by the window's index.
protocol AggregateColumn: AnyObject {
    /// As the manifest says it.
    var name: String { get }
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
    func merge(_ window: Int, into other: Int) -> Int
    /// Gives back the memory of a window.
    ///
    /// - Returns: its bytes beside those that every window has.
    func clear(_ window: Int) -> Int
    func write(_ window: Int, to writer: ByteWriter)
    func isTruncated(_ window: Int) -> Bool
}

/// The states of all windows in one array, so that none is an object of its own.
final class Column<Function: AggregateFunction>: AggregateColumn {
    let name: String
    private let function: Function
    private var states = ContiguousArray<Function.State>()
    /// Nil when the event looked at last has nothing to say.
    private var operand: Function.Operand?

    init(name: String, _ function: Function) {
        self.name = name
        self.function = function
    }

    var bytesPerWindow: Int { MemoryLayout<Function.State>.stride }

    func look(at value: JSONValue?) throws(ValueProblem) {
        operand = nil
        if let value { operand = try function.read(value) }
    }

    func open(_ window: Int) {
        if window == states.count { states.append(function.initial) }
    }

    func add(to window: Int, at place: EventPlace) -> Int {
        guard let operand else { return 0 }
        let before = bytes(window)
        function.add(operand, at: place, to: &states[window])
        return bytes(window) - before
    }

    func merge(_ window: Int, into other: Int) -> Int {
        let before = bytes(window) + bytes(other)
        let merged = states[window]
        states[window] = function.initial
        function.merge(merged, into: &states[other])
        return bytes(other) - before
    }

    func clear(_ window: Int) -> Int {
        defer { states[window] = function.initial }
        return bytes(window)
    }

    func write(_ window: Int, to writer: ByteWriter) { function.write(states[window], to: writer) }

    func isTruncated(_ window: Int) -> Bool { function.isTruncated(states[window]) }

    private func bytes(_ window: Int) -> Int { function.bytes(of: states[window]) }
}
