import DeliveryCore
import EventModel

// The steps by which scenarios become smaller.

extension Scenario {
    func without(subscription index: Int) -> Scenario? {
        var smaller = self
        smaller.subscriptions.remove(at: index)
        smaller.endpoints.remove(at: index)
        return smaller.renumbering("subscription", without: index)
    }

    /// And without what subscribes to it.
    func without(topic index: Int) -> Scenario? {
        var smaller = self
        for i in subscriptions.indices.reversed() where subscriptions[i].topic == topics[index].name {
            guard let fewer = smaller.without(subscription: i) else { return nil }
            smaller = fewer
        }
        smaller.topics.remove(at: index)
        return smaller.renumbering("topic", without: index)
    }

    /// Events about it go, too; those about later ones name them by their new numbers.
    private func renumbering(_ name: String, without index: Int) -> Scenario? {
        var tree = differences
        tree[Self.eventsName] = tree[Self.eventsName].map { events in
            .list(events.list.filter { !$0.indexes(named: name).contains(Int64(index)) }.map { $0.lowering(name, above: Int64(index)) })
        }
        return try? Scenario(differences: tree)
    }
}

/// Where a value stands in a tree.
typealias TreePath = [TreeStep]

enum TreeStep: Hashable {
    case field(String)
    case element(Int)
}

extension Tree {
    subscript(_ path: some Collection<TreeStep>) -> Tree? {
        guard let step = path.first else { return self }
        switch step {
        case .field(let name): return self[name]?[path.dropFirst()]
        case .element(let i): return list.indices.contains(i) ? list[i][path.dropFirst()] : nil
        }
    }

    func replacing(_ path: some Collection<TreeStep>, by value: Tree) -> Tree {
        guard let step = path.first else { return value }
        var tree = self
        switch step {
        case .field(let name): tree[name] = self[name]?.replacing(path.dropFirst(), by: value)
        case .element(let i):
            var elements = list
            elements[i] = elements[i].replacing(path.dropFirst(), by: value)
            tree = .list(elements)
        }
        return tree
    }

    func with(seed: UInt64) -> Tree {
        var tree = self
        tree["seed"] = Tree(of: seed)
        return tree
    }

    /// The lists of a scenario whose elements are told by their differences.
    private static let sheets = ["topics", "subscriptions", "endpoints"]

    /// Fields that could have their default instead. Names and what belongs together stay.
    var fieldPaths: [TreePath] {
        var paths: [TreePath] = []
        for name in names where name != "seed" && name != Scenario.eventsName && !Self.sheets.contains(name) {
            if name == "core" { continue }
            paths.append([.field(name)])
        }
        for name in self["core"]?.names ?? [] { paths.append([.field("core"), .field(name)]) }
        for sheet in Self.sheets {
            for (i, element) in (self[sheet]?.list ?? []).enumerated() {
                for name in element.names where !["name", "topic", "endpoint", "phases", "partitions"].contains(name) {
                    paths.append([.field(sheet), .element(i), .field(name)])
                }
            }
        }
        return paths
    }

    /// Without those fields that could have their default and are not among these.
    func keeping(_ kept: Set<TreePath>) -> Tree {
        fieldPaths.filter { !kept.contains($0) }.reduce(self) { tree, path in tree.removing(path) }
    }

    private func removing(_ path: TreePath) -> Tree {
        guard case .field(let name)? = path.last, var parent = self[path.dropLast()] else { return self }
        parent[name] = nil
        return replacing(path.dropLast(), by: parent)
    }

    /// How much happens in a scenario, and how long it takes.
    var amounts: [TreePath] {
        var paths: [TreePath] = ["faultsFor", "replicas"].map { [.field($0)] }
        for i in (self["topics"]?.list ?? []).indices {
            paths += ["partitions", "backlog", "live"].map { [.field("topics"), .element(i), .field($0)] }
        }
        for i in (self["endpoints"]?.list ?? []).indices {
            let phases: TreePath = [.field("endpoints"), .element(i), .field("phases")]
            paths += (self[phases]?.numberPaths ?? []).map { phases + $0 }
        }
        let events: TreePath = [.field(Scenario.eventsName)]
        return paths + (self[events]?.numberPaths ?? []).map { events + $0 }
    }

    /// Every number and every time, however deep; not those that name something.
    private var numberPaths: [TreePath] {
        switch self {
        case .fields(let fields):
            return fields.sorted { $0.key < $1.key }.flatMap { name, value in
                ["seed", "name", "topic", "replica", "subscription", "partition"].contains(name)
                    ? [] : value.numberPaths.map { [.field(name)] + $0 }
            }
        case .list(let elements): return elements.enumerated().flatMap { i, value in value.numberPaths.map { [.element(i)] + $0 } }
        default: return smaller.isEmpty ? [] : [[]]
        }
    }

    /// What to try instead, the boldest first.
    var smaller: [Tree] {
        switch self {
        case .integer(let value) where value > 0:
            return [0, 1, value / 2, value - 1].filter { $0 < value }.unique.map { .integer($0) }
        case .text(let text):
            guard let span = TimeSpan(text: text), span > .zero else { return [] }
            let second = TimeSpan.seconds(1).nanoseconds
            // Whole seconds are easier to read.
            let half = span.nanoseconds / 2
            let rounded = span.nanoseconds - span.nanoseconds % second
            return [half >= second ? half - half % second : half - half % 1_000_000, rounded].filter { $0 < span.nanoseconds }.unique
                .map { .text(TimeSpan(nanoseconds: $0).text) }
        default: return []
        }
    }

    /// The index of that name, however deep, is one less where it was above.
    func lowering(_ name: String, above limit: Int64) -> Tree {
        guard case .fields(let fields) = self else { return self }
        return .fields(
            fields.reduce(into: [:]) { result, field in
                if field.key == name, case .integer(let index) = field.value {
                    result[field.key] = .integer(index > limit ? index - 1 : index)
                } else {
                    result[field.key] = field.value.lowering(name, above: limit)
                }
            })
    }
}

extension Array where Element: Equatable {
    fileprivate var unique: [Element] { reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}
