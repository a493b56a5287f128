public import EventModel

/// The subscriptions that came through the API, beside those of files.
///
/// A name belongs to one side. Where both have it, the one of the API goes on as it was, and the one of the file is not in force: it
/// came later, and what is delivered must not change because of an accident. A definition that cannot be used any more (its
/// topic's manifest or its secret's file is gone) leaves the one before in force, as manifests with errors do.
public struct SubscriptionRegistry: Sendable {
    public struct Entry: Sendable {
        /// What is in force; nil where nothing is.
        public var subscription: Subscription?
        /// JSON; see `DefinitionText.canonical`.
        public var definition: String
        /// Why it is not in force as it is defined; else what `check` would warn of.
        public var problems: [Problem]
        let files: [FileLog.Entry]
        /// Of one that is not in force; nil where `subscription` has it all.
        let outline: DefinitionOutline?

        public var isRefused: Bool { problems.contains { $0.severity == .error } }
    }

    /// By name.
    public private(set) var entries: [String: Entry] = [:]
    /// Subscriptions of files that are not in force, because the API has their names: the file, by name.
    public private(set) var conflicts: [String: String] = [:]
    private let configuration: BridgeConfiguration
    private let defaults: SubscriptionDefaults
    private let environment: Environment
    /// What the entries were read with.
    private var basis: [TopicManifest] = []

    public init(_ configuration: BridgeConfiguration, defaults: SubscriptionDefaults, environment: Environment) {
        self.configuration = configuration
        self.defaults = defaults
        self.environment = environment
    }

    /// Whether a file that some subscription refers to is another one now.
    public var filesHaveChanged: Bool {
        entries.values.contains { $0.files.contains { environment.stamp($0.path) != $0.stamp } }
    }

    /// Takes what there is now.
    ///
    /// - Parameters:
    ///   - topics: of files.
    ///   - definitions: of the API, by name.
    /// - Returns: the topics with the subscriptions of both sides.
    public mutating func install(_ topics: [TopicManifest], _ definitions: [String: String]) -> [TopicManifest] {
        let bare = topics.map(\.withoutSubscriptions)
        let isSame = bare == basis && !filesHaveChanged
        basis = bare
        var all = topics
        conflicts = [:]
        for index in all.indices {
            let known = conflicts.count
            for subscription in all[index].subscriptions where definitions[subscription.name] != nil { conflicts[subscription.name] = all[index].file }
            // Otherwise they stay one copy, however many there are.
            if conflicts.count > known { all[index].subscriptions.removeAll { definitions[$0.name] != nil } }
        }
        let before = entries
        entries = [:]
        for (name, definition) in definitions.sorted(by: { $0.key < $1.key }) {
            let known = before[name]
            let entry = isSame && known?.definition == definition ? known! : read(name, definition, bare, known)
            entries[name] = entry
            guard let subscription = entry.subscription, let index = all.firstIndex(where: { $0.topic == subscription.topic }) else { continue }
            all[index].subscriptions.append(subscription)
        }
        return all
    }

    private func read(_ name: String, _ definition: String, _ topics: [TopicManifest], _ known: Entry?) -> Entry {
        let read = DefinitionReader(name, Array(definition.utf8), topics: topics, configuration, defaults, environment)
        let old = known?.subscription.flatMap { old in topics.contains { $0.topic == old.topic } ? old : nil }
        let inForce = read.subscription ?? old
        return Entry(
            subscription: inForce, definition: definition, problems: read.problems, files: read.files, outline: inForce == nil ? read.outline : nil)
    }
}

extension SubscriptionRegistry {
    /// What a registration would come to.
    public struct Plan: Sendable {
        public enum Outcome: String, Sendable, CaseIterable { case created, replaced, unchanged }

        public var outcome: Outcome
        public var subscription: Subscription
        /// For the control topic.
        public var definition: String
        /// What `check` would warn of.
        public var warnings: [Problem]
        /// Whether it has no place in its topic yet: it is new, or read another topic before.
        public var isNewInTopic: Bool
    }

    public enum Refusal: Error, Sendable, CustomStringConvertible {
        case invalid([Problem])
        /// A manifest has it.
        case taken(file: String)
        case tooMany(tenant: String, limit: Int)

        /// One sentence, with what to do.
        public var description: String {
            switch self {
            case .invalid(let problems): problems.map { "\($0.pointer): \($0.detail)" }.joined(separator: "; ")
            case .taken(let file): "the name stands in \(file): change it there, or take it out there first"
            case .tooMany(let tenant, let limit):
                "\(tenant.isEmpty ? "subscriptions without a label tenant" : "the tenant \(tenant)") may have \(limit) (ops.subscriptions.perTenant): delete one, or raise the limit"
            }
        }
    }

    /// Looks at a definition; changes nothing.
    ///
    /// - Parameter topics: of files.
    public func plan(_ name: String, _ text: [UInt8], _ topics: [TopicManifest]) throws(Refusal) -> Plan {
        let read = DefinitionReader(name, text, topics: topics, configuration, defaults, environment)
        guard let subscription = read.subscription else { throw .invalid(read.problems.filter { $0.severity == .error }) }
        let known = entries[name]
        if known == nil, let owner = topics.first(where: { $0.subscriptions.contains { $0.name == name } }) { throw .taken(file: owner.file) }
        let tenant = subscription.tenant
        if let limit = configuration.ops.subscriptions.perTenant, known?.subscription?.tenant != tenant {
            let count = entries.values.count { $0.subscription?.tenant == tenant }
            guard count < limit else { throw .tooMany(tenant: tenant, limit: limit) }
        }
        let outcome: Plan.Outcome = known == nil ? .created : known!.definition == read.canonical ? .unchanged : .replaced
        return Plan(
            outcome: outcome, subscription: subscription, definition: read.canonical, warnings: read.problems,
            isNewInTopic: known.map { $0.subscription.map { $0.topic != subscription.topic } ?? false } ?? true)
    }
}

extension SubscriptionDefinition {
    /// The definition as it may be shown, of one that came through the API: without what stands in clear and may be a secret.
    package var shown: JSON? {
        guard let definition else { return nil }
        var reader = Reader(environment: .fileSystem(variables: [:]))
        guard let root = DefinitionText.read(Array(definition.utf8), &reader) else { return nil }
        return DefinitionText.json(root) { text, path in
            if path == ["endpoint"] { return Redaction.shown(endpoint: text) }
            return Redaction.shown(text, isSecret: SecretNames.mayBeSecret(path: path))
        }
    }
}

extension TopicManifest {
    fileprivate var withoutSubscriptions: TopicManifest {
        var bare = self
        bare.subscriptions = []
        return bare
    }
}

/// Where a subscription stands, and whether that is in force.
public struct SubscriptionDefinition: Sendable {
    public var name: String
    public var topic: String
    public var owner: String
    public var labels: [HeaderField]
    /// The manifest; nil for one that came through the API.
    public var file: String?
    /// JSON, of one that came through the API; with what stands in it in clear.
    fileprivate var definition: String?
    /// Why it is not in force as it is defined; empty when it is.
    public var problem = ""
    /// Whether anything is in force under its name, perhaps an older definition.
    public var isInForce = true
}

extension SubscriptionRegistry {
    /// Everything that has a name, on either side.
    ///
    /// - Parameter topics: of files.
    public func definitions(_ topics: [TopicManifest]) -> [String: SubscriptionDefinition] {
        var all: [String: SubscriptionDefinition] = [:]
        for topic in topics {
            for known in topic.subscriptions where entries[known.name] == nil {
                all[known.name] = SubscriptionDefinition(
                    name: known.name, topic: known.topic, owner: known.owner, labels: known.labels, file: topic.file)
            }
        }
        for (name, entry) in entries {
            var definition = SubscriptionDefinition(
                name: name, topic: entry.subscription?.topic ?? entry.outline?.topic ?? "", owner: entry.subscription?.owner ?? entry.outline?.owner ?? "",
                labels: entry.subscription?.labels ?? entry.outline?.labels ?? [])
            definition.definition = entry.definition
            definition.isInForce = entry.subscription != nil
            if let error = entry.problems.first(where: { $0.severity == .error }) {
                definition.problem = "\(error.pointer): \(error.detail)"
            } else if let file = conflicts[name] {
                definition.problem = "\(file) has a subscription of the same name, which is not in force; take it out there, or delete this one"
            }
            all[name] = definition
        }
        return all
    }

    /// How many subscriptions, of files or of the API, are not in force as they are written.
    public var refusedCount: Int { conflicts.count + entries.values.count(where: \.isRefused) }
}
