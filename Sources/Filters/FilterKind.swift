public import EventModel

/// What every kind of filter can do. A kind is one file; the catalog below has a line for each.
protocol FilterKind {
    /// As manifests spell it.
    static var name: String { get }

    /// What people are told of it.
    static var guide: FilterGuide { get }

    /// What makes the filter invalid, each with the path to the fault.
    func problems(at path: String) -> [FilterProblem]

    /// What it asks; fields it looks at get their places in `fields`.
    func tree(in fields: inout FieldTree) -> FilterTree

    /// Whether it matches, and in either case why: `type is "order.created", does not start with "order.payment."`.
    func verdict(on event: Event) -> FilterVerdict
}

struct FilterVerdict {
    var matches: Bool
    var reason: String
}

extension FilterExpression {
    /// The catalog.
    var kind: any FilterKind {
        switch self {
        case .exact(let operands): ExactFilter(operands: operands)
        case .prefix(let operands): PrefixFilter(operands: operands)
        case .suffix(let operands): SuffixFilter(operands: operands)
        case .all(let filters): AllFilter(filters: filters)
        case .any(let filters): AnyFilter(filters: filters)
        case .not(let filter): NotFilter(filter: filter)
        case .pattern(let tree): PatternFilter(tree: tree)
        case .sql(let text): SQLFilter(text: text)
        }
    }
}

/// Something that makes a filter invalid.
public struct FilterProblem: Equatable, Sendable {
    /// From the filter inwards, as in a manifest: `any[1].prefix.type`.
    public var path: String
    /// What is wrong and what to write instead.
    public var message: String
}

extension FilterExpression {
    /// Everything that makes the filter invalid (CloudEvents Subscriptions API, 3.2.4.1); empty when it is fine.
    public func problems() -> [FilterProblem] { kind.problems(at: "") }

    /// What probably does not mean what was meant; of this filter alone, not of those inside it.
    public var warnings: [FilterProblem] { (kind as? SQLFilter)?.warnings ?? [] }
}
