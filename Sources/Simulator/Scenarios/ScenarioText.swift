import EventModel

extension Scenario: CustomStringConvertible {
    /// For people: what differs from the default, one thing a line.
    public var description: String {
        let differences = differences
        var lines = ["seed \(seed)" + (features.isEmpty ? "" : ": " + features.joined(separator: ", "))]
        func add(_ indentation: String, _ title: String, _ tree: Tree?, without names: Set<String> = []) {
            let fields = tree?.names.filter { !names.contains($0) } ?? []
            let text = fields.map { "\($0) \(tree![$0]!)" }.joined(separator: "; ")
            if !text.isEmpty { lines.append(indentation + [title, text].filter { !$0.isEmpty }.joined(separator: ": ")) }
        }
        let lists: Set = ["topics", "subscriptions", "endpoints", Self.eventsName]
        add("  ", "", differences, without: lists.union(["seed", "features", "core"]))
        if let core = differences["core"] { add("  ", "engine", core) }
        for (topic, tree) in zip(topics, differences["topics"]!.list) { add("  ", topic.name, tree, without: ["name"]) }
        for (i, policy) in subscriptions.enumerated() {
            add("  ", policy.name, differences["subscriptions"]!.list[i], without: ["name", "endpoint"])
            add("    ", "its endpoint", differences["endpoints"]!.list[i])
        }
        for event in differences[Self.eventsName]?.list ?? [] { lines.append("  after \(event["at"]!): \(event["what"]!)") }
        return lines.joined(separator: "\n")
    }
}
