import EventModel

/// `not`: the filter inside does not match. An absent attribute makes `exact`, `prefix` and `suffix` false, so their
/// negation true.
struct NotFilter: FilterKind {
    static let name = "not"
    let filter: FilterExpression

    func problems(at path: String) -> [FilterProblem] { filter.kind.problems(at: path + NotFilter.name + ".") }

    func tree(in fields: inout FieldTree) -> FilterTree { .not(filter.kind.tree(in: &fields)) }

    func verdict(on event: Event) -> FilterVerdict {
        let inner = filter.kind.verdict(on: event)
        return FilterVerdict(matches: !inner.matches, reason: inner.matches ? "excluded, because \(inner.reason)" : inner.reason)
    }
}
