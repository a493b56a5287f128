import EventModel

/// `not`: the filter inside does not match. An absent attribute makes `exact`, `prefix` and `suffix` false, so their
/// negation true.
struct NotFilter: FilterKind {
    static let name = "not"
    let filter: FilterExpression

    static var guide: FilterGuide {
        FilterGuide(
            name, "The filter does not match; also where an attribute is absent.",
            cost: "Run for every event, unless something beside it has to match too. Most events match it anyway.",
            [
                .yes(#"{"not": {"exact": {"type": "order.created"}}}"#, #"{"type": "order.paid"}"#),
                .yes(#"{"not": {"exact": {"tenant": "acme"}}}"#, #"{"type": "order.created"}"#),
                .no(#"{"not": {"prefix": {"type": "order."}}}"#, #"{"type": "order.created"}"#),
                .no(#"{"not": {"any": [{"exact": {"tenant": "acme"}}, {"suffix": {"subject": "-test"}}]}}"#, #"{"subject": "order-7-test"}"#),
            ])
    }

    func problems(at path: String) -> [FilterProblem] { filter.kind.problems(at: path + NotFilter.name + ".") }

    func tree(in fields: inout FieldTree) -> FilterTree { .not(filter.kind.tree(in: &fields)) }

    func verdict(on event: Event) -> FilterVerdict {
        let inner = filter.kind.verdict(on: event)
        return FilterVerdict(matches: !inner.matches, reason: inner.matches ? "excluded, because \(inner.reason)" : inner.reason)
    }
}
