import EventModel

/// `any`: at least one filter of the list matches.
struct AnyFilter: FilterKind {
    static let name = "any"
    let filters: [FilterExpression]

    func problems(at path: String) -> [FilterProblem] {
        NestedFilters.problems(filters, at: path + AnyFilter.name)
    }

    func compile(into program: inout FilterProgram, yes: FilterProgram.Target, no: FilterProgram.Target) -> FilterProgram.Target {
        filters.reversed().reduce(no) { $1.kind.compile(into: &program, yes: yes, no: $0) }
    }

    func access(in fields: inout FieldTree) -> Access { .either(filters.map { $0.kind.access(in: &fields) }) }

    func verdict(on event: Event) -> FilterVerdict {
        let verdicts = filters.map { $0.kind.verdict(on: event) }
        if let matched = verdicts.first(where: \.matches) { return matched }
        return FilterVerdict(matches: false, reason: "none of: " + verdicts.map(\.reason).joined(separator: "; "))
    }
}
