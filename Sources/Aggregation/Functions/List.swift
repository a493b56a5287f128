import EventFormats

/// `list`: the values in the order of the log, the first `limit` of them that together have no more than `room` bytes.
final class List: AggregateFunction {
    struct Listed {
        /// By offset.
        var values = ContiguousArray<(offset: Int64, value: HeldValue)>()
        /// Of the values, as written.
        var count = 0
        var bytes = 0
        /// The first one that was cut off. Nothing behind it can come in again: what stands before it only grows.
        var cut: Int64?
    }

    var column = Column<JSONValue, Listed>()
    let initial = Listed()
    private let limit: Int
    private let room: Int
    private let longest: Int

    /// - Parameters:
    ///   - limit: how many values.
    ///   - room: how many bytes they may have together.
    ///   - longest: how many each.
    init(limit: Int, room: Int, longest: Int) {
        self.limit = limit
        self.room = room
        self.longest = longest
    }

    func read(_ value: JSONValue) throws(ValueProblem) -> JSONValue { try value.checked(longest: longest) }

    func add(_ operand: JSONValue, at place: EventPlace, to state: inout Listed) {
        if let cut = state.cut, place.offset > cut { return }
        insert(HeldValue(operand), place.offset, into: &state)
        trim(&state)
    }

    func merge(_ other: Listed, into state: inout Listed) {
        state.cut = [state.cut, other.cut].compactMap(\.self).min()
        for (offset, value) in other.values { insert(value, offset, into: &state) }
        trim(&state)
    }

    private func insert(_ value: HeldValue, _ offset: Int64, into state: inout Listed) {
        state.count += value.count
        state.bytes += value.bytes
        // Events come in order; only merged sessions interleave.
        let place = state.values.lastIndex { $0.offset < offset }.map { $0 + 1 } ?? 0
        state.values.insert((offset, value), at: place)
    }

    private func trim(_ state: inout Listed) {
        while let last = state.values.last, last.offset >= state.cut ?? .max || state.values.count > limit || state.count > room {
            state.count -= last.value.count
            state.bytes -= last.value.bytes
            state.cut = min(last.offset, state.cut ?? .max)
            state.values.removeLast()
        }
    }

    func write(_ state: Listed, to writer: ByteWriter) {
        writer.append(UInt8(ascii: "["))
        for (index, entry) in state.values.enumerated() {
            if index > 0 { writer.append(UInt8(ascii: ",")) }
            entry.value.write(to: writer)
        }
        writer.append(UInt8(ascii: "]"))
    }

    func isTruncated(_ state: Listed) -> Bool { state.cut != nil }

    func bytes(of state: Listed) -> Int {
        state.bytes + state.values.capacity * MemoryLayout<(offset: Int64, value: HeldValue)>.stride
    }
}
