internal import EventModel

/// One topic manifest.
enum ManifestReader {
    struct Result {
        var manifest: TopicManifest
        /// Where each subscription stands, in the manifest's order.
        var places: [Position]
        /// Where the topic's name stands.
        var topicPlace: Position
    }

    /// The catalog's keys, and `subscriptions`, which is read over the defaults.
    private struct Draft: Sendable {
        var manifest = TopicCatalog.prototype
        var subscriptions: Node?
    }

    private static let section = Section<Draft>(
        Draft(),
        TopicCatalog.section.keys.map { key in
            Key<Draft>(name: key.name, doc: key.doc, requirement: key.requirement, leaves: []) {
                key.schema($0.manifest)
            } apply: { key.apply($0, $1, &$2.manifest, &$3) }
        } + [
            Key<Draft>(name: "subscriptions", doc: "Who gets the topic's events, by a name that is unique across all topics.", leaves: []) { _ in
                [
                    "description": "Who gets the topic's events, by a name that is unique across all topics.", "type": "object",
                    "propertyNames": ["pattern": "^[a-z0-9][a-z0-9.-]{0,127}$"],
                    "additionalProperties": SubscriptionCatalog.section.schema,
                ]
            } apply: { node, _, draft, _ in draft.subscriptions = node }
        ])

    /// JSON Schema of a manifest.
    static var schema: JSON { section.schema }

    /// Nil if there is nothing to check further: not readable, not YAML, empty.
    static func read(
        _ file: String, _ configuration: BridgeConfiguration, _ defaults: SubscriptionDefaults, _ reader: inout Reader
    ) -> Result? {
        let top = Position(file: file, line: 1, column: 1)
        let bytes: [UInt8]
        switch reader.read(file) {
        case .failure(let failure):
            reader.error(Position(file: file, line: 0, column: 0), "", "cannot read the manifest: \(failure.message)", code: .unreadableFile)
            return nil
        case .success(let content): bytes = content
        }
        let known = reader.problems.count
        guard let root = reader.document(file, bytes) else {
            if reader.problems.count == known {
                reader.error(top, "", "the file is empty; a manifest begins with topic: NAME")
            }
            return nil
        }
        // Keys of one file mean nothing in the next.
        reader.forgetPositions()
        reader.remember(defaults.positions)
        var draft = Draft()
        section.apply(root, "", to: &draft, &reader)
        draft.manifest.file = file
        var result = Result(manifest: draft.manifest, places: [], topicPlace: reader.positions["topic"] ?? top)
        if let node = draft.subscriptions { readSubscriptions(node, configuration, defaults, &result, &reader) }
        // What is wrong by itself need not be tried.
        if !reader.problems[known...].contains(where: { $0.severity == .error }) { PayloadChecks(result.manifest).run(&reader) }
        let isEmpty = draft.subscriptions.map { $0.matches(.object([])) } ?? true
        TopicChecks.run(result.manifest, hasNoSubscriptions: isEmpty, configuration, at: result.topicPlace, &reader)
        return result
    }

    private static func readSubscriptions(
        _ node: Node, _ configuration: BridgeConfiguration, _ defaults: SubscriptionDefaults, _ result: inout Result,
        _ reader: inout Reader
    ) {
        let expected = "a mapping of names to subscriptions"
        guard let entries = reader.entries(node, "subscriptions", expected: expected) else { return }
        result.manifest.subscriptions.reserveCapacity(entries.count)
        for entry in entries {
            let path = "subscriptions.\(entry.key)"
            result.manifest.subscriptions.append(
                subscription(entry.key, entry.value, path, of: result.manifest, configuration, defaults, &reader))
            result.places.append(entry.value.position)
        }
    }

    /// One subscription of a topic, over the defaults.
    ///
    /// - Parameter path: of its keys, for messages and places: `subscriptions.NAME`.
    static func subscription(
        _ name: String, _ node: Node, _ path: String, of manifest: TopicManifest, _ configuration: BridgeConfiguration,
        _ defaults: SubscriptionDefaults, _ reader: inout Reader
    ) -> Subscription {
        let place = node.position
        if let complaint = Names.checkSubscription(name) { reader.error(place, path, complaint) }
        var subscription = defaults.prototype
        subscription.name = name
        subscription.topic = manifest.topic
        let known = reader.problems.count
        let substituted = reader.substituted.count
        SubscriptionCatalog.section.apply(node, path, to: &subscription, &reader)
        subscription.confidential += Confidential.texts(reader.substituted[substituted...])
        reader.remember(path, place)
        if subscription.handshake { subscription.origin = configuration.origin ?? "" }
        VersionChecks.resolve(&subscription, manifest, path, &reader)
        guard case .mapping = node.content else { return subscription }
        // Not a slice that lives on: each problem that is found would copy all before it.
        let broken = Set(reader.problems[known...].lazy.filter { $0.severity == .error }.map(\.path))
        SubscriptionChecks(
            subscription: subscription, path: path, place: place, configuration: configuration, partitions: manifest.provisioning.partitions,
            broken: broken
        ).run(&reader)
        return subscription
    }
}
