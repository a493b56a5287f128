import EventModel

/// `suffix`: every named attribute ends with its value, case-sensitively.
struct SuffixFilter: AttributeComparison {
    static let name = "suffix"
    static let comparison = FilterCondition.Comparison.suffix
    static let positive = "ends with"
    static let negative = "does not end with"
    let operands: [AttributeOperand]

    static func holds(_ value: UnsafeRawBufferPointer, _ operand: String.UTF8View) -> Bool {
        value.suffix(operand.count).elementsEqual(operand)
    }
}
