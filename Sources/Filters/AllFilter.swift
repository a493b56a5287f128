import EventModel

/// `all`: every filter of the list matches.
struct AllFilter: FilterKind {
    static let name = "all"
    let filters: [FilterExpression]

    static var guide: FilterGuide {
        FilterGuide(
            name, "All filters of the list match.", cost: "Found by the rarest thing that one of them needs; two more are compared before it is run.",
            [
                .yes(#"{"all": [{"prefix": {"subject": "us-"}}, {"exact": {"tenant": "acme"}}]}"#, #"{"subject": "us-7", "tenant": "acme"}"#),
                .no(#"{"all": [{"prefix": {"subject": "us-"}}, {"exact": {"tenant": "acme"}}]}"#, #"{"subject": "us-7", "tenant": "other"}"#),
            ])
    }

    func problems(at path: String) -> [FilterProblem] {
        NestedFilters.problems(filters, at: path + AllFilter.name)
    }

    func tree(in fields: inout FieldTree) -> FilterTree { .all(filters.map { $0.kind.tree(in: &fields) }) }

    func verdict(on event: Event) -> FilterVerdict {
        let verdicts = filters.map { $0.kind.verdict(on: event) }
        if let failed = verdicts.first(where: { !$0.matches }) { return failed }
        return FilterVerdict(matches: true, reason: verdicts.map(\.reason).joined(separator: " and "))
    }
}

/// What the kinds that hold a list of filters share.
enum NestedFilters {
    static func problems(_ filters: [FilterExpression], at path: String) -> [FilterProblem] {
        guard !filters.isEmpty else { return [FilterProblem(path: path, message: "needs at least one filter in its list")] }
        return filters.enumerated().flatMap { $1.kind.problems(at: "\(path)[\($0)].") }
    }
}
