/// Configuration keys as environment variables: `FANFARE_` and the path in capitals, `_` between its parts.
///
/// Lists are separated by commas. The name of a librdkafka property comes after `FANFARE_KAFKA_PROPERTIES_`, in capitals
/// and with `_` for its dots and `__` for its underscores: `FANFARE_KAFKA_PROPERTIES_SECURITY_PROTOCOL` is
/// `security.protocol`, `FANFARE_KAFKA_PROPERTIES_LOG__LEVEL` is `log_level`. Values are taken as they are; `${...}`
/// means nothing in them.
enum EnvironmentVariables {
    static let prefix = "FANFARE_"

    /// Variables that are not keys: what Kubernetes sets in every pod for a service named `fanfare`, where commands find
    /// the ops API, and the vectors of Fanfare's own tests.
    private static func isForeign(_ name: String) -> Bool {
        ["FANFARE_URL", "FANFARE_TOKEN", "FANFARE_VECTORS"].contains(name) || name == "FANFARE_PORT" || name.hasPrefix("FANFARE_PORT_")
            || name == "FANFARE_SERVICE_HOST" || name.hasPrefix("FANFARE_SERVICE_PORT")
    }

    static func name<Root>(of leaf: Leaf<Root>) -> String {
        prefix + leaf.path.joined(separator: "_").uppercased()
    }

    /// The prefix that all have in common does not make names alike.
    private static func nearest(to variable: String, among names: [String]) -> String? {
        let rest = String(variable.dropFirst(prefix.count))
        return NearestName.nearest(to: rest, among: names.map { String($0.dropFirst(prefix.count)) }).map { prefix + $0 }
    }

    static func apply(to draft: inout ConfigurationDraft, _ reader: inout Reader) {
        let leaves = ConfigurationCatalog.root.leaves.map { (name: name(of: $0), leaf: $0) }
        for (variable, value) in reader.environment.variables.sorted(by: { $0.key < $1.key })
        where variable.hasPrefix(prefix) && !isForeign(variable) {
            let node = Node.outside(value, Position(file: "environment", line: 0, column: 0))
            if let (_, leaf) = leaves.first(where: { $0.name == variable && !$0.leaf.isMapping }) {
                reader.remember(leaf.name, node.position)
                leaf.apply(node, leaf.name, &draft, &reader)
            } else if let (leaf, key) = entry(variable, leaves) {
                var entry = node
                entry.content = .mapping([Node.Entry(key: key, value: node)])
                leaf.apply(entry, leaf.name, &draft, &reader)
            } else {
                let hint = nearest(to: variable, among: leaves.map(\.name)).map { "did you mean \($0)?" }
                reader.warn(node.position, variable, "no configuration key has this name; \(hint ?? "it is ignored")", code: .unknownKey)
            }
        }
    }
}

extension EnvironmentVariables {
    /// The path of the key that a variable gives; nil if there is none.
    static func path(of variable: String) -> [String]? {
        let leaves = ConfigurationCatalog.root.leaves.map { (name: name(of: $0), leaf: $0) }
        if let (_, leaf) = leaves.first(where: { $0.name == variable && !$0.leaf.isMapping }) { return leaf.path }
        return entry(variable, leaves).map { $0.leaf.path + [$0.key] }
    }

    /// A variable that names an entry of a mapping.
    private static func entry<Root>(_ variable: String, _ leaves: [(name: String, leaf: Leaf<Root>)]) -> (leaf: Leaf<Root>, key: String)? {
        guard let (name, leaf) = leaves.first(where: { $0.leaf.isMapping && variable.hasPrefix($0.name + "_") }),
            case .entries(let separator) = leaf.form
        else { return nil }
        let parts = variable.dropFirst(name.count + 1).lowercased().split(separator: "__", omittingEmptySubsequences: false)
        return (leaf, parts.map { $0.replacing("_", with: String(separator)) }.joined(separator: "_"))
    }
}

extension Leaf {
    var isMapping: Bool {
        if case .entries = form { true } else { false }
    }
}
