import EventFormats

/// What an array takes beside its elements: its header, and what goes with any piece of memory.
let arrayOverhead = 48

/// A copy of a value's bytes, as written.
struct HeldValue {
    private var raw: ContiguousArray<UInt8>

    init(_ value: JSONValue) { raw = ContiguousArray(value.raw) }

    /// Takes another value's bytes, in the same memory where that is not much too large for them.
    mutating func hold(_ value: JSONValue) {
        raw.removeAll(keepingCapacity: raw.capacity <= 4 * value.raw.count + 64)
        raw.append(contentsOf: value.raw)
    }

    func withValue<Result>(_ body: (JSONValue) -> Result) -> Result {
        raw.withUnsafeBytes { body(JSONValue(validated: $0)) }
    }

    func write(to writer: ByteWriter) { raw.withUnsafeBytes { writer.append($0) } }

    var bytes: Int { raw.capacity + arrayOverhead }
    var count: Int { raw.count }
}

extension JSONValue {
    /// The value, if it may be held.
    func checked(longest: Int) throws(ValueProblem) -> JSONValue {
        guard raw.count <= longest else { throw ValueProblem("is too long for a window to hold") }
        return self
    }
}
