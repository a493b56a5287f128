import EventModel

/// `exact`: every named attribute equals its value, case-sensitively.
struct ExactFilter: AttributeComparison {
    static let name = "exact"
    static let comparison = FilterCondition.Comparison.exact
    static let positive = ""
    static let negative = "not"
    let operands: [AttributeOperand]

    static func holds(_ value: UnsafeRawBufferPointer, _ operand: String.UTF8View) -> Bool { value.elementsEqual(operand) }
}
