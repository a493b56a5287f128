import EventModel

/// `prefix`: every named attribute starts with its value, case-sensitively.
struct PrefixFilter: AttributeComparison {
    static let name = "prefix"
    static let comparison = FilterCondition.Comparison.prefix
    static let positive = "starts with"
    static let negative = "does not start with"
    let operands: [AttributeOperand]

    static func holds(_ value: UnsafeRawBufferPointer, _ operand: String.UTF8View) -> Bool { value.starts(with: operand) }
}
