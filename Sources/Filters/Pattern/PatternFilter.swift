import EventModel

/// `pattern`: the event, as JSON, looks as the pattern says (the event-ruler dialect).
struct PatternFilter: FilterKind {
    static let name = "pattern"
    let tree: PatternTree

    static var guide: FilterGuide {
        FilterGuide(
            name, "Each field that it names has a value that one of its items takes; fields inside the same array in the same element.",
            cost: "Found by the rarest of its fields; two more are compared before it is run.",
            [
                .yes(#"{"pattern": {"data": {"currency": ["EUR", "USD"]}}}"#, #"{"data": {"currency": "USD"}}"#),
                .yes(#"{"pattern": {"type": [{"prefix": "order."}], "data": {"vip": [true]}}}"#, #"{"type": "order.paid", "data": {"vip": true}}"#),
                .yes(#"{"pattern": {"data": {"tags": ["new"]}}}"#, #"{"data": {"tags": ["old", "new"]}}"#),
                .yes(
                    #"{"pattern": {"data": {"$or": [{"total": [{"numeric": [">", 99]}]}, {"vip": [true]}]}}}"#, #"{"data": {"total": 5, "vip": true}}"#),
                .no(#"{"pattern": {"data": {"currency": ["EUR"]}}}"#, #"{"data": {"currency": "USD"}}"#),
                .no(#"{"pattern": {"data": {"currency": ["EUR"]}}}"#, #"{"data": {"total": 5}}"#),
                .no(
                    #"{"pattern": {"data": {"items": {"sku": ["A"], "size": ["XL"]}}}}"#,
                    #"{"data": {"items": [{"sku": "A", "size": "S"}, {"sku": "B", "size": "XL"}]}}"#),
            ])
    }

    func problems(at path: String) -> [FilterProblem] { PatternParser.parse(tree, at: path + Self.name).problems }

    func tree(in fields: inout FieldTree) -> FilterTree { PatternMatch(pattern, in: &fields).tree }

    /// An invalid pattern, which manifests never let through, matches nothing.
    private var pattern: ContentPattern { PatternParser.parse(tree, at: Self.name).pattern ?? ContentPattern(alternatives: []) }

    func verdict(on event: Event) -> FilterVerdict {
        var tree = FieldTree()
        let pattern = pattern
        let match = PatternMatch(pattern, in: &tree)
        var fields = EventFields(tree)
        fields.read(event)
        var reasons: [String] = []
        for (alternative, conditions) in zip(pattern.alternatives, match.alternatives) {
            let explained = zip(alternative, conditions).map { Explained(field: $0, condition: $1, fields: fields, event: event) }
            if let failed = explained.first(where: { !$0.holds }) {
                reasons.append(failed.reason)
            } else if PatternMatch.hold(conditions, fields) {
                return FilterVerdict(matches: true, reason: explained.map(\.reason).joined(separator: " and "))
            } else {
                reasons.append("no single element of an array has \(alternative.map(\.path).joined(separator: ", ")) together")
            }
        }
        let distinct = reasons.enumerated().filter { !reasons[..<$0.offset].contains($0.element) }.map(\.element)
        return FilterVerdict(matches: false, reason: distinct.count == 1 ? distinct[0] : "none of: " + distinct.joined(separator: "; "))
    }

    /// One field of a pattern with what an event has there.
    private struct Explained {
        let field: ContentPattern.Field
        let condition: FieldCondition
        let fields: EventFields
        let event: Event

        /// More than these of a long array help nobody.
        private static let mostValues = 5

        var holds: Bool { condition.mayHold(fields) }

        /// `data.amount is 99, and not >= 100`
        var reason: String {
            let values = fields.range(of: condition.field).map { fields.leaves[$0].shown }
            if values.isEmpty {
                let isJSON = event.dataKind == .json || !(field.path == "data" || field.path.hasPrefix("data."))
                return "\(field.path) is absent\(isJSON ? "" : " (the payload is not JSON)")"
            }
            let shown = values.prefix(Self.mostValues).joined(separator: ", ") + (values.count > Self.mostValues ? ", ..." : "")
            let wanted = field.shown.joined(separator: " or ")
            if values.count == 1, wanted == values[0] { return "\(field.path) is \(shown)" }
            return "\(field.path) is \(shown), and \(holds ? "" : "not ")\(wanted)"
        }
    }
}
