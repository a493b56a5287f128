public import EventModel
public import KafkaClient

/// Which dead letters somebody means, as it was said.
public struct DeadLetterSelection: Sendable {
    /// The topic whose events they were, or a dead-letter topic itself.
    public var topic: String
    public var filter: DeadLetterFilter
    /// As they were said: "two hours ago" is another moment each time, and still the same job.
    public var since: String?
    public var until: String?

    public init(topic: String, filter: DeadLetterFilter = DeadLetterFilter(), since: String? = nil, until: String? = nil) {
        self.topic = topic
        self.filter = filter
        self.since = since
        self.until = until
    }

    /// The job that redrives them: the same one, whoever asks for it.
    ///
    /// - Parameter name: nil makes one of the selection.
    public func redrive(named name: String?) -> JobIdentity {
        var options = [
            topic, filter.subscription, filter.kind?.rawValue, filter.status?.description, since, until, filter.key, filter.event,
        ].map { $0 ?? "\u{0}" }
        if let search = filter.search { options += ["search", search] }
        if let places = filter.places { options += ["places"] + places.map(\.description).sorted() }
        return JobIdentity(name: name, subject: topic, options: options)
    }
}

/// Which topics have dead letters.
public struct DeadLetterTopics: Sendable {
    private let configuration: BridgeConfiguration
    private let manifests: [TopicManifest]

    /// - Parameter manifests: none where they are not known.
    public init(_ configuration: BridgeConfiguration, _ manifests: [TopicManifest]) {
        self.configuration = configuration
        self.manifests = manifests
    }

    /// Those that the manifests name, whether they exist or not.
    public var named: Set<String> {
        var names = Set(manifests.map { standard(of: $0.topic) })
        for subscription in manifests.flatMap(\.subscriptions) where !subscription.deadLetter.drop { names.insert(configuration.deadLetterTopic(for: subscription)) }
        return names
    }

    /// Whether a topic is one, also of a manifest that is gone.
    public func contains(_ name: String) -> Bool {
        if named.contains(name) { return true }
        let pattern = configuration.deadLetter.topic.replacing("{group}", with: configuration.group)
        guard let variable = pattern.firstRange(of: "{topic}") else { return pattern == name }
        let (head, tail) = (pattern[..<variable.lowerBound], pattern[variable.upperBound...])
        return name.utf8.count > head.utf8.count + tail.utf8.count && name.hasPrefix(head) && name.hasSuffix(tail)
    }

    private func standard(of topic: String) -> String { configuration.deadLetterTopic(for: Subscription(name: "", topic: topic, endpoint: "")) }

    /// The topics to read for somebody who names a topic, and the source topic that their records must name.
    public func find(_ topic: String, in cluster: ClusterAdmin.Cluster) throws(JobFailure) -> (topics: [ClusterAdmin.Topic], source: String?) {
        let subscriptions = manifests.flatMap(\.subscriptions)
        let byName = Dictionary(cluster.topics.map { ($0.name, $0) }) { first, _ in first }
        if subscriptions.contains(where: { !$0.deadLetter.drop && configuration.deadLetterTopic(for: $0) == topic }), let found = byName[topic] {
            return ([found], nil)
        }
        var names = Set(subscriptions.filter { $0.topic == topic && !$0.deadLetter.drop }.map { configuration.deadLetterTopic(for: $0) })
        names.insert(standard(of: topic))
        let found = names.sorted().compactMap { byName[$0] }
        if !found.isEmpty { return (found, topic) }
        if !manifests.contains(where: { $0.topic == topic }), let itself = byName[topic] { return ([itself], nil) }
        throw .unknown(
            "there is no dead-letter topic for \(topic): the cluster has no \(names.sorted().joined(separator: ", ")); "
                + "`fanfare apply` creates the topics of the manifests")
    }
}
