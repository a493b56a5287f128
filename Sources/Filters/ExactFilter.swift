import EventModel

/// `exact`: every named attribute equals its value, case-sensitively.
struct ExactFilter: AttributeComparison {
    static let name = "exact"
    static let comparison = FilterCondition.Comparison.exact
    static let positive = ""
    static let negative = "not"
    let operands: [AttributeOperand]

    static var guide: FilterGuide {
        FilterGuide(
            name, "Every named attribute equals its value, in the same case.", cost: "Found by the value: nothing for other values.",
            [
                .yes(#"{"exact": {"type": "order.created"}}"#, #"{"type": "order.created"}"#),
                .yes(#"{"exact": {"type": "order.created", "tenant": "acme"}}"#, #"{"type": "order.created", "tenant": "acme"}"#),
                .no(#"{"exact": {"type": "order.created"}}"#, #"{"type": "Order.created"}"#),
                .no(#"{"exact": {"tenant": "acme"}}"#, #"{"type": "order.created"}"#),
            ])
    }

    static func holds(_ value: UnsafeRawBufferPointer, _ operand: String.UTF8View) -> Bool { value.elementsEqual(operand) }
}
