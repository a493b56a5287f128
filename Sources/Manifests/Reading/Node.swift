/// A YAML document as the catalog reads it: positions everywhere, scalars as they were written.
struct Node: Sendable {
    var position: Position
    var content: Content

    enum Content: Sendable {
        case scalar(Scalar)
        case list([Node])
        case mapping([Entry])
        /// A problem stands in for it already; whoever reads it says nothing more.
        case refused
    }

    struct Scalar: Sendable {
        /// Before interpolation.
        var text: String
        var style: Style
    }

    enum Style: Sendable {
        /// Not quoted: may be a number, a boolean or null.
        case plain
        /// Quoted or a block: text.
        case quoted
        /// From an environment variable or a flag: whatever its key expects, and not interpolated.
        case outside
    }

    struct Entry: Sendable {
        var key: String
        var value: Node
    }

    /// YAML 1.2's null: a plain `null` or `~`, or nothing at all.
    var isNull: Bool {
        guard case .scalar(let scalar) = content, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// For "must be ..., not a list".
    var kind: String {
        if isNull { return "nothing" }
        switch content {
        case .scalar: return "text"
        case .list: return "a list"
        case .mapping: return "a mapping"
        case .refused: return "something refused"
        }
    }

    /// The value of a mapping's key.
    func entry(_ name: String) -> Node? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == name }?.value
    }

    /// An environment variable's or a flag's text as a node.
    static func outside(_ text: String, _ position: Position) -> Node {
        Node(position: position, content: .scalar(Scalar(text: text, style: .outside)))
    }
}

extension Node.Scalar {
    /// Whether another YAML reader would take this for something other than text.
    var looksLikeNumberOrBoolean: Bool {
        guard style == .plain else { return false }
        if ["true", "True", "TRUE", "false", "False", "FALSE"].contains(text) { return true }
        guard text.utf8.contains(where: { $0 >= 0x30 && $0 <= 0x39 }) else { return false }
        return Double(text) != nil || (text.hasPrefix("0o") && Int(text.dropFirst(2), radix: 8) != nil)
    }
}
