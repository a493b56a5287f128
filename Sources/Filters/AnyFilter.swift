import EventModel

/// `any`: at least one filter of the list matches.
struct AnyFilter: FilterKind {
    static let name = "any"
    let filters: [FilterExpression]

    static var guide: FilterGuide {
        FilterGuide(
            name, "At least one filter of the list matches.", cost: "Found by what each of them needs; run for every event if one of them is.",
            [
                .yes(#"{"any": [{"exact": {"tenant": "acme"}}, {"prefix": {"subject": "us-"}}]}"#, #"{"subject": "us-7"}"#),
                .no(#"{"any": [{"exact": {"tenant": "acme"}}, {"prefix": {"subject": "us-"}}]}"#, #"{"subject": "eu-7"}"#),
            ])
    }

    func problems(at path: String) -> [FilterProblem] {
        NestedFilters.problems(filters, at: path + AnyFilter.name)
    }

    func tree(in fields: inout FieldTree) -> FilterTree { .any(filters.map { $0.kind.tree(in: &fields) }) }

    func verdict(on event: Event) -> FilterVerdict {
        let verdicts = filters.map { $0.kind.verdict(on: event) }
        if let matched = verdicts.first(where: \.matches) { return matched }
        return FilterVerdict(matches: false, reason: "none of: " + verdicts.map(\.reason).joined(separator: "; "))
    }
}
