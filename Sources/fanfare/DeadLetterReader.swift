import EventModel
import KafkaClient
import Manifests
import Redelivery
import SchemaRegistry

/// The dead letters that a command's options are about.
struct DeadLetterReader {
    let source: DeadLetterSource
    /// Those before are left out: where a redrive stands.
    var positions: [TopicPartition: Int64] = [:]

    var kafka: KafkaConfiguration { source.kafka }
    var ids: DeadLetterIDs { source.ids }

    /// Manifests that cannot be used are none: dead letters must be readable also while manifests are broken, or where the files
    /// with their secrets are not.
    init(_ options: ConfigurationOptions, _ selection: DeadLetterOptions) throws {
        let loaded = try options.usableConfiguration()
        let configuration = loaded.configuration
        let kafka = try KafkaConfiguration(configuration)
        let admin = try ClusterAdmin(kafka)
        let cluster = try admin.reach(kafka)
        let manifests = try Self.manifests(options, loaded, kafka, cluster)
        let subscriptions = manifests.flatMap(\.subscriptions)
        if let wanted = selection.subscription, !subscriptions.isEmpty, !subscriptions.contains(where: { $0.name == wanted }) {
            // It may have been removed; its dead letters are still there.
            printError("warning: there is no subscription \(wanted)")
        }
        do throws(JobFailure) {
            source = try DeadLetterSource(
                selection.selection, filter: selection.filter, configuration, manifests, kafka, admin, cluster,
                schemas: AskedSchemas(configuration.schemaRegistry))
        } catch {
            throw Failed(error.sentence(for: .command))
        }
    }

    private static func manifests(
        _ options: ConfigurationOptions, _ loaded: LoadedConfiguration, _ kafka: KafkaConfiguration, _ cluster: ClusterAdmin.Cluster
    ) throws -> [TopicManifest] {
        let manifests = options.load(loaded)
        if manifests.isUsable { return try RegisteredSubscriptions.topics(loaded, manifests.topics, kafka, cluster) }
        printError("warning: the topic manifests cannot be used (`fanfare check` says why); only deadLetter.topic of the configuration counts")
        return []
    }

    /// What there is to read now.
    func ranges() throws -> [OffsetRange] { try reading { try source.ranges() } }

    /// Those that match, the oldest first, each valid during the call.
    func forEach(in ranges: [OffsetRange]? = nil, limit: Int = .max, _ body: (DeadLetter, KafkaRecord) throws -> Void) throws {
        let reader = try reading { try RangeReader(kafka, try ranges ?? self.ranges()) }
        var progress = Progress("Reading \(source.topics.map(\.name).joined(separator: ", "))", total: reader.total)
        var left = limit
        while left > 0, let (record, partition) = try reading({ try reader.next() }) {
            progress.update(reader.done)
            if record.offset < positions[partition] ?? 0 { continue }
            let letter = DeadLetter(record, of: partition)
            guard source.filter.matches(letter, eventIDs: { ids.names(of: letter, record) }) else { continue }
            progress.clear()
            try body(letter, record)
            left -= 1
        }
        progress.clear()
    }

    /// What `body` makes of the newest that match.
    func newest<Result>(_ count: Int, _ body: (DeadLetter, KafkaRecord) throws -> Result) throws -> ArraySlice<Result> {
        var newest = Newest<Result>(count)
        try forEach { letter, record in newest.add(try body(letter, record)) }
        return newest.elements
    }

    /// Says in words what a reader of Kafka threw.
    private func reading<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as KafkaError {
            throw Failed("the dead letters cannot be read: \(error.message)")
        } catch let silence as RangeReader.Silence {
            throw Failed(silence.reason)
        }
    }
}

extension DeadLetterReader {
    /// Whether the log has such an offset now.
    func exists(_ range: OffsetRange) -> Bool {
        guard source.partitions.contains(range.partition), let log = try? source.admin.watermarks(of: range.partition) else { return false }
        return log.low <= range.start && range.end <= log.high
    }
}
