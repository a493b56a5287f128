import Manifests

/// Lists in pieces: each piece says where the next one begins.
struct Paging {
    static let limit = Input.query("limit", .count(1...1000), "How many at most.", standard: 100)

    static let inputs: [Input] = [
        limit,
        .query("after", .text(maximum: 1000), "The `next` of the piece before."),
    ]

    /// The members that go beside the items.
    static func next<Value>(_ value: @escaping @Sendable (Value) -> String?) -> ObjectShape<Value>.Member {
        .optionalText("next", "For `after`; left out when nothing follows.", value)
    }

    /// Those that stand behind `after`, by their keys, which are unique: an item that comes or goes meanwhile moves no other.
    static func piece<Item>(_ items: [Item], of call: Call, by key: (Item) -> String) -> (items: [Item], next: String?) {
        let after = call.text("after")
        let sorted = items.map { (key: key($0), item: $0) }.sorted { $0.key < $1.key }
        let rest = after.map { after in sorted.drop { $0.key <= after } } ?? sorted[...]
        let piece = rest.prefix(call.count("limit"))
        return (piece.map(\.item), rest.count > piece.count ? piece.last?.key : nil)
    }
}
