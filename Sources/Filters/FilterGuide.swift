/// What people are told of a kind of filter, or of an item of a pattern: docs/FILTERS.md is made of it, and a test runs
/// every example.
public struct FilterGuide: Sendable {
    public struct Example: Sendable {
        /// As JSON, which is YAML too.
        public var filter: String
        /// What of the event counts, as JSON: attributes, and `data`.
        public var event: String
        public var matches: Bool
    }

    /// As manifests spell it.
    public var name: String
    /// When it matches; a sentence.
    public var summary: String
    /// What finds it among many, and so what it costs an event that it does not match; a sentence.
    public var cost: String
    public var examples: [Example]

    init(_ name: String, _ summary: String, cost: String, _ examples: [Example]) {
        self.name = name
        self.summary = summary
        self.cost = cost
        self.examples = examples
    }

    /// All kinds of filters.
    public static var kinds: [FilterGuide] {
        [
            ExactFilter.guide, PrefixFilter.guide, SuffixFilter.guide, AllFilter.guide, AnyFilter.guide, NotFilter.guide, PatternFilter.guide,
            SQLFilter.guide,
        ]
    }

    /// All items of a pattern's lists.
    public static var patternItems: [FilterGuide] { MatcherKind.values + MatcherKind.allCases.map(\.guide) }
}

extension FilterGuide.Example {
    static func yes(_ filter: String, _ event: String) -> Self { Self(filter: filter, event: event, matches: true) }
    static func no(_ filter: String, _ event: String) -> Self { Self(filter: filter, event: event, matches: false) }
}
