import EventModel

/// `prefix`: every named attribute starts with its value, case-sensitively.
struct PrefixFilter: AttributeComparison {
    static let name = "prefix"
    static let comparison = FilterCondition.Comparison.prefix
    static let positive = "starts with"
    static let negative = "does not start with"
    let operands: [AttributeOperand]

    static var guide: FilterGuide {
        FilterGuide(
            name, "Every named attribute begins with its value, in the same case.",
            cost: "Found by the beginning: a look for each length that some filter asks for.",
            [
                .yes(#"{"prefix": {"type": "order."}}"#, #"{"type": "order.created"}"#),
                .no(#"{"prefix": {"type": "order."}}"#, #"{"type": "reorder.created"}"#),
                .no(#"{"prefix": {"subject": "eu-"}}"#, #"{"type": "order.created"}"#),
            ])
    }

    static func holds(_ value: UnsafeRawBufferPointer, _ operand: String.UTF8View) -> Bool { value.starts(with: operand) }
}
