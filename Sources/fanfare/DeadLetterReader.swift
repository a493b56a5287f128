import EventModel
import KafkaClient
import Manifests
import Redelivery
import SchemaRegistry

/// The dead letters that a command's options are about.
struct DeadLetterReader {
    let configuration: BridgeConfiguration
    let kafka: KafkaConfiguration
    let admin: ClusterAdmin
    let cluster: ClusterAdmin.Cluster
    /// Empty where they cannot be used: dead letters must be readable also while manifests are broken, or where the files
    /// with their secrets are not.
    let manifests: [TopicManifest]
    /// Dead-letter topics.
    let topics: [ClusterAdmin.Topic]
    let filter: DeadLetterFilter
    let ids: DeadLetterIDs
    /// Those before are left out: where a redrive stands.
    var positions: [TopicPartition: Int64] = [:]

    init(_ options: ConfigurationOptions, _ selection: DeadLetterOptions) throws {
        let loaded = try options.usableConfiguration()
        configuration = loaded.configuration
        kafka = try KafkaConfiguration(configuration)
        admin = try ClusterAdmin(kafka)
        cluster = try admin.reach(kafka)
        manifests = Self.manifests(options, loaded)
        let (topics, source) = try Self.topics(selection, configuration, manifests, cluster)
        self.topics = topics
        var filter = selection.filter
        filter.sourceTopic = source
        self.filter = filter
        ids = DeadLetterIDs(
            mappings: Dictionary(uniqueKeysWithValues: manifests.map { ($0.topic, $0.mapping) }),
            schemas: AskedSchemas(configuration.schemaRegistry))
    }

    private static func manifests(_ options: ConfigurationOptions, _ loaded: LoadedConfiguration) -> [TopicManifest] {
        let manifests = options.load(loaded)
        if manifests.isUsable { return manifests.topics }
        printError("warning: the topic manifests cannot be used (`fanfare check` says why); only deadLetter.topic of the configuration counts")
        return []
    }

    /// The topics to read, and the source topic that their records must name.
    private static func topics(
        _ selection: DeadLetterOptions, _ configuration: BridgeConfiguration, _ manifests: [TopicManifest], _ cluster: ClusterAdmin.Cluster
    ) throws -> (topics: [ClusterAdmin.Topic], source: String?) {
        let topic = selection.topic
        let subscriptions = manifests.flatMap(\.subscriptions)
        if let wanted = selection.subscription, !subscriptions.isEmpty, !subscriptions.contains(where: { $0.name == wanted }) {
            // It may have been removed from the manifests; its dead letters are still there.
            printError("warning: no manifest has a subscription \(wanted)")
        }
        let byName = Dictionary(cluster.topics.map { ($0.name, $0) }) { first, _ in first }
        if subscriptions.contains(where: { !$0.deadLetter.drop && configuration.deadLetterTopic(for: $0) == topic }), let found = byName[topic] {
            return ([found], nil)
        }
        var names = Set(subscriptions.filter { $0.topic == topic && !$0.deadLetter.drop }.map { configuration.deadLetterTopic(for: $0) })
        names.insert(configuration.deadLetterTopic(for: Subscription(name: "", topic: topic, endpoint: "")))
        let found = names.sorted().compactMap { byName[$0] }
        if !found.isEmpty { return (found, topic) }
        if !manifests.contains(where: { $0.topic == topic }), let itself = byName[topic] { return ([itself], nil) }
        throw Failed(
            "there is no dead-letter topic for \(topic): the cluster has no \(names.sorted().joined(separator: ", ")); "
                + "`fanfare apply` creates the topics of the manifests")
    }

    /// By name; nil where the manifests are not known.
    var subscriptions: Set<String>? {
        manifests.isEmpty ? nil : Set(manifests.flatMap(\.subscriptions).map(\.name))
    }

    var partitions: [TopicPartition] {
        topics.flatMap { topic in topic.partitions.map { TopicPartition(topic: topic.name, partition: $0.number) } }
    }

    /// What there is to read now.
    func ranges() throws -> [OffsetRange] {
        let bounds = RangeFinder.bounds(from: filter.since, until: filter.until)
        return try reading { try RangeFinder(admin).ranges(of: partitions, from: bounds.start, to: bounds.end) }
    }

    /// Those that match, the oldest first, each valid during the call.
    func forEach(in ranges: [OffsetRange]? = nil, limit: Int = .max, _ body: (DeadLetter, KafkaRecord) throws -> Void) throws {
        let reader = try reading { try RangeReader(kafka, try ranges ?? self.ranges()) }
        var progress = Progress("Reading \(topics.map(\.name).joined(separator: ", "))", total: reader.total)
        var left = limit
        while left > 0, let (record, partition) = try reading({ try reader.next() }) {
            progress.update(reader.done)
            if record.offset < positions[partition] ?? 0 { continue }
            let letter = DeadLetter(record, of: partition)
            guard filter.matches(letter, eventIDs: { ids.names(of: letter, record) }) else { continue }
            progress.clear()
            try body(letter, record)
            left -= 1
        }
        progress.clear()
    }

    /// What `body` makes of the newest that match.
    func newest<Result>(_ count: Int, _ body: (DeadLetter, KafkaRecord) throws -> Result) throws -> ArraySlice<Result> {
        var newest: [Result] = []
        try forEach { letter, record in
            if newest.count >= 2 * count { newest.removeFirst(count) }
            newest.append(try body(letter, record))
        }
        return newest.suffix(count)
    }

    /// Says in words what a reader of Kafka threw.
    private func reading<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as KafkaError {
            throw Failed("the dead letters cannot be read: \(error.message)")
        } catch let silence as RangeReader.Silence {
            throw Failed("the cluster sends nothing of \(silence.range.partition), although it has records up to offset \(silence.range.end)")
        }
    }
}

extension DeadLetterReader {
    /// Whether the log has such an offset now.
    func exists(_ range: OffsetRange) -> Bool {
        guard partitions.contains(range.partition), let log = try? admin.watermarks(of: range.partition) else { return false }
        return log.low <= range.start && range.end <= log.high
    }
}
