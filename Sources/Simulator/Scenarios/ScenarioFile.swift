import DeliveryCore
import EventModel
import FoundationEssentials

// A scenario as JSON: what differs from the default. Minimized scenarios are kept as such files.
extension Scenario {
    /// The file's text.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try! encoder.encode(differences), as: UTF8.self) + "\n"
    }

    /// - Throws: a sentence, when this is no scenario.
    public init(json: String) throws(ScenarioProblem) {
        do {
            self = try Scenario(differences: JSONDecoder().decode(Tree.self, from: Data(json.utf8)))
        } catch let problem as ScenarioProblem {
            throw problem
        } catch {
            throw ScenarioProblem("\(error)")
        }
        if let problem { throw ScenarioProblem(problem) }
    }

    /// What is wrong with it, if anything: a simulation of it would make no sense.
    var problem: String? {
        if topics.isEmpty || topics.contains(where: { $0.partitions < 1 || $0.types.isEmpty }) { return "there is no topic, or one without partitions or types" }
        if subscriptions.isEmpty { return "there is no subscription" }
        if subscriptions.count != endpoints.count { return "there are \(subscriptions.count) subscriptions, but \(endpoints.count) endpoints" }
        if let lost = subscriptions.first(where: { policy in !topics.contains { $0.name == policy.topic } }) { return "\(lost.name) subscribes to no topic" }
        if core.lanes.isEmpty || core.partitionsPerLane < 1 { return "the retry topic has no lanes" }
        if replicas < 1 || mostReplicas < replicas { return "there are fewer replicas than begin" }
        let counts = [("replica", mostReplicas), ("subscription", subscriptions.count), ("topic", topics.count)]
        for event in Tree(of: self)[Self.eventsName]?.list ?? [] {
            for (name, count) in counts {
                for index in event.indexes(named: name) where !(0..<Int64(count)).contains(index) { return "an event is about \(name) \(index); there are \(count)" }
            }
        }
        for event in events {
            switch event.what {
            case .retain(let topic, let partition, _), .compact(let topic, let partition, _):
                let (name, count) = (topics[topic].name, topics[topic].partitions)
                if !(0..<count).contains(partition) { return "an event is about partition \(partition) of \(name); there are \(count)" }
            default: break
            }
        }
        return nil
    }
}

extension Scenario {
    /// What a file can say about the engine, and about a subscription.
    package static var engineOptionNames: [String] { CoreOptions.fields.map(\.name) }
    package static var subscriptionFieldNames: [String] { EventModel.Subscription.fields.map(\.name) }
}

/// Why a text is not a scenario.
public struct ScenarioProblem: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

// MARK: Differences

extension Scenario {
    static let eventsName = "timeline"

    /// The scenario, and its parts, from which differences are told.
    private static let defaults: (whole: Tree, core: Tree, elements: [(list: String, element: Tree)]) = (
        Tree(of: Scenario(seed: 0)), Tree(of: CoreOptions()),
        [
            ("topics", Tree(of: Topic(name: "", partitions: 1))),
            ("subscriptions", Tree(of: Subscription(name: "", topic: "", endpoint: ""))),
            ("endpoints", Tree(of: EndpointPlan())),
        ]
    )

    /// Only what differs from the default; of topics, subscriptions, endpoints and the engine's options likewise.
    var differences: Tree {
        let whole = Tree(of: self)
        var differences = whole.without(Self.defaults.whole)
        differences["core"] = whole["core"].map { $0.without(Self.defaults.core) }.flatMap { $0.names.isEmpty ? nil : $0 }
        for (list, element) in Self.defaults.elements {
            differences[list] = .list(whole[list]!.list.map { $0.without(element) })
        }
        return differences
    }

    init(differences: Tree) throws {
        var defaults = Self.defaults.whole
        // What is nil by default is not in the tree of the defaults.
        defaults["laterCore"] = .null
        var whole = try differences.over(defaults)
        whole["core"] = try (differences["core"] ?? .fields([:])).over(Self.defaults.core)
        for (list, element) in Self.defaults.elements {
            whole[list] = .list(try (differences[list]?.list ?? []).map { try $0.over(element) })
        }
        self = try whole.value(as: Scenario.self)
    }
}

extension Tree {
    /// The fields that have another value than there.
    func without(_ defaults: Tree) -> Tree {
        guard case .fields(let fields) = self else { return self }
        return .fields(fields.filter { defaults[$0.key] != $0.value })
    }

    /// These fields, and those defaults that they leave.
    func over(_ defaults: Tree) throws -> Tree {
        guard case .fields(let fields) = self, case .fields(let others) = defaults else { throw ScenarioProblem("fields are expected in \(self)") }
        if let unknown = fields.keys.sorted().first(where: { others[$0] == nil }) { throw ScenarioProblem("there is no “\(unknown)” in a scenario") }
        return .fields(others.merging(fields) { $1 })
    }

    /// The values of fields of that name, however deep.
    func indexes(named name: String) -> [Int64] {
        guard case .fields(let fields) = self else { return [] }
        return fields.flatMap { key, value in
            if key == name, case .integer(let index) = value { return [index] }
            return value.indexes(named: name)
        }
    }
}
