import EventModel

/// `any`: at least one filter of the list matches.
struct AnyFilter: FilterKind {
    static let name = "any"
    let filters: [FilterExpression]

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
