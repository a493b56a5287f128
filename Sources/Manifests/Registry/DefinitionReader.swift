internal import EventModel

/// A subscription that came through the API: its JSON, read by what reads manifests.
struct DefinitionReader {
    /// Nil where there are errors.
    private(set) var subscription: Subscription?
    private(set) var canonical = ""
    private(set) var problems: [Problem] = []
    /// That it refers to.
    private(set) var files: [FileLog.Entry] = []
    /// As it is written, whether it can be used or not.
    private(set) var outline = DefinitionOutline()

    /// - Parameter topics: that have a manifest.
    init(
        _ name: String, _ text: [UInt8], topics: [TopicManifest], _ configuration: BridgeConfiguration, _ defaults: SubscriptionDefaults,
        _ environment: Environment
    ) {
        var reader = Reader(environment: environment)
        let defaults = defaults.reread(&reader)
        reader.remember(defaults.positions)
        if let root = DefinitionText.read(text, &reader) {
            canonical = DefinitionText.canonical(root)
            outline = DefinitionOutline(root)
            subscription = Self.subscription(name, root, topics, configuration, defaults, &reader)
        }
        problems = reader.problems
        files = reader.files.entries
        if problems.contains(where: { $0.severity == .error }) { subscription = nil }
    }

    private static func subscription(
        _ name: String, _ root: Node, _ topics: [TopicManifest], _ configuration: BridgeConfiguration, _ defaults: SubscriptionDefaults,
        _ reader: inout Reader
    ) -> Subscription? {
        guard case .mapping(var entries) = root.content, var manifest = topic(root, topics, &reader) else { return nil }
        entries.removeAll { $0.key == "topic" }
        manifest.subscriptions = []
        let references = DefinitionReferences(folder: configuration.ops.subscriptions.folder)
        let node = references.resolved(Node(position: root.position, content: .mapping(entries)), [], &reader)
        // What is refused already would be missed by what looks at several keys.
        if reader.problems.contains(where: { $0.severity == .error }) { return nil }
        let subscription = ManifestReader.subscription(name, node, "subscriptions.\(name)", of: manifest, configuration, defaults, &reader)
        if subscription.needsRepartitioning {
            reader.error(
                Position(pointer: "/window/scope"), "",
                "topic needs a topic of its own, which `fanfare apply` creates for manifests; write partition, or put the subscription into a manifest")
        }
        manifest.subscriptions = [subscription]
        if !reader.problems.contains(where: { $0.severity == .error }) { PayloadChecks(manifest).run(&reader) }
        return subscription
    }

    /// The manifest of the topic that it names.
    private static func topic(_ root: Node, _ topics: [TopicManifest], _ reader: inout Reader) -> TopicManifest? {
        guard let node = root.entry("topic") else {
            reader.error(root.position, "", "the key topic is missing; write \"topic\": \"NAME\"", code: .missingKey)
            return nil
        }
        guard case .scalar(let scalar) = node.content, scalar.style == .quoted else {
            reader.error(node.position, "", "must be the name of a topic, not \(node.kind)")
            return nil
        }
        if let manifest = topics.first(where: { $0.topic == scalar.text }) { return manifest }
        let known = topics.map(\.topic).sorted()
        reader.error(
            node.position, "",
            "this topic has no manifest here, which says what its records are: give it one in the folder of manifests first\(known.isEmpty ? "" : "; " + NearestName.hint(for: scalar.text, among: known))")
        return nil
    }
}

/// What people find a subscription by, also one that is refused: as much of it as is a text.
struct DefinitionOutline: Sendable {
    private(set) var topic = ""
    private(set) var owner = ""
    private(set) var labels: [HeaderField] = []

    init() {}

    init(_ root: Node) {
        func text(_ node: Node?) -> String? {
            guard case .scalar(let scalar) = node?.content, scalar.style == .quoted else { return nil }
            return scalar.text
        }
        topic = text(root.entry("topic")) ?? ""
        owner = text(root.entry("owner")) ?? ""
        guard case .mapping(let entries) = root.entry("labels")?.content else { return }
        labels = entries.compactMap { entry in text(entry.value).map { HeaderField(name: entry.key, value: $0) } }
    }
}
