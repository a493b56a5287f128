import Manifests

/// Pieces of JSON, put together in an order that is chosen.
enum JSONText {
    static func quoted(_ text: String) -> String { JSON.string(text).compact }
    static func text(_ value: String?) -> String { value.map(quoted) ?? "null" }
    static func number(_ value: (some BinaryInteger)?) -> String { value.map { "\($0)" } ?? "null" }
    static func array(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }

    /// - Parameter members: with their values as JSON.
    static func object(_ members: [(name: String, value: String)]) -> String {
        "{" + members.map { "\(quoted($0.name)):\($0.value)" }.joined(separator: ",") + "}"
    }
}
