import EventFormats

/// `min` and `max`: the smallest or largest value, as the first event in the log that has it wrote it.
///
/// Numbers come in the order of their values, then strings in the order of their code points.
final class Extreme: SingleValueFunction {
    var column = Column<JSONValue, PlacedValue?>()
    private let wantsLargest: Bool
    private let longest: Int

    /// - Parameter longest: bytes of a value that may be held.
    init(wantsLargest: Bool, longest: Int) {
        self.wantsLargest = wantsLargest
        self.longest = longest
    }

    func read(_ value: JSONValue) throws(ValueProblem) -> JSONValue {
        switch value.kind {
        case .number: _ = try Numeral(value)
        case .string: if value.hasHalfSurrogatePair { throw .halfSurrogatePair }
        case .boolean: throw ValueProblem("is a boolean, neither a number nor a string")
        case .object: throw ValueProblem("is an object, neither a number nor a string")
        case .array: throw ValueProblem("is an array, neither a number nor a string")
        case .null: throw ValueProblem("is null, neither a number nor a string")
        }
        return try value.checked(longest: longest)
    }

    func prefers(_ new: JSONValue, at place: EventPlace, to held: JSONValue, at heldPlace: EventPlace) -> Bool {
        let (isBefore, isBehind) = (Self.precedes(new, held), Self.precedes(held, new))
        return isBefore == isBehind ? place.offset < heldPlace.offset : isBehind == wantsLargest
    }

    /// Of values that were read.
    private static func precedes(_ a: JSONValue, _ b: JSONValue) -> Bool {
        switch (a.kind == .number, b.kind == .number) {
        case (true, true):
            guard let a = try? Numeral(a), let b = try? Numeral(b) else { preconditionFailure("a number was not read before") }
            return a < b
        case (false, false): return a.textPrecedes(b)
        case (let isNumber, _): return isNumber
        }
    }
}
