import EventModel

/// `suffix`: every named attribute ends with its value, case-sensitively.
struct SuffixFilter: AttributeComparison {
    static let name = "suffix"
    static let comparison = FilterCondition.Comparison.suffix
    static let positive = "ends with"
    static let negative = "does not end with"
    let operands: [AttributeOperand]

    static var guide: FilterGuide {
        FilterGuide(
            name, "Every named attribute ends with its value, in the same case.",
            cost: "Found by the end: a look for each length that some filter asks for.",
            [
                .yes(#"{"suffix": {"subject": "-test"}}"#, #"{"subject": "order-7-test"}"#),
                .no(#"{"suffix": {"subject": "-test"}}"#, #"{"subject": "order-7-testing"}"#),
            ])
    }

    static func holds(_ value: UnsafeRawBufferPointer, _ operand: String.UTF8View) -> Bool {
        value.suffix(operand.count).elementsEqual(operand)
    }
}
