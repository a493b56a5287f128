import ArgumentParser
import BridgeRuntime
import Control
import EventLoop
import EventModel
import Glibc
import KafkaClient
import Manifests

/// Where commands look at subscriptions and change them: configuration, manifests, the cluster, and the control topic, read
/// to its end and followed from there.
final class ControlDesk {
    let configuration: BridgeConfiguration
    /// None where they cannot be used: a subscription must be paused also while its manifest is broken.
    let files: [TopicManifest]
    /// With what came through the API.
    private(set) var topics: [TopicManifest] = []
    /// What came through the API.
    private(set) var registry: SubscriptionRegistry
    let kafka: KafkaConfiguration
    let admin: ClusterAdmin
    let cluster: ClusterAdmin.Cluster
    private let areManifestsUsable: Bool
    private let loop: EventLoop
    private let reader: ControlReader

    var state: ControlState { reader.state }
    var policies: [Subscription] { topics.flatMap(\.subscriptions) }

    /// How long to wait for a cluster that answers other questions.
    private static let patience: Int64 = 15_000_000_000

    init(_ options: ConfigurationOptions) throws {
        let loaded = try options.usableConfiguration()
        configuration = loaded.configuration
        let manifests = options.load(loaded)
        areManifestsUsable = manifests.isUsable
        files = manifests.isUsable ? manifests.topics : []
        registry = SubscriptionRegistry(configuration, defaults: loaded.defaults, environment: .process())
        if !manifests.isUsable {
            printError("warning: the topic manifests cannot be used (`fanfare check` says why); only what the control topic says counts")
        }
        kafka = try KafkaConfiguration(configuration)
        admin = try ClusterAdmin(kafka)
        cluster = try admin.reach(kafka)
        let topic = configuration.controlTopicName
        // Asked by its name, it comes into being where the broker does that.
        let found = try admin.reach(kafka, topic: topic).topics.first { $0.name == topic && $0.error == nil && !$0.partitions.isEmpty }
        guard found != nil else { throw Failed("there is no control topic \(topic): create it with `fanfare apply`") }
        do {
            loop = try EventLoop()
            reader = try ControlReader(kafka, topic: topic, signal: loop.signal.descriptor)
        } catch {
            throw Failed("the control topic \(topic) cannot be read: \(error)")
        }
        try follow { $0.isCaughtUp }
        topics = configuration.withRepartitions(registry.install(files, state.definitions))
    }

    // MARK: Names

    /// The subscription of that name; nil for one that only the control topic knows.
    func policy(named name: String) throws -> Subscription? {
        if let policy = policies.first(where: { $0.name == name }) { return policy }
        guard areManifestsUsable, !state.subscriptions.contains(name) else { return nil }
        let known = Set(policies.map(\.name)).union(state.subscriptions).sorted()
        throw Failed("there is no subscription \(name); \(known.isEmpty ? "no manifest has any" : NearestName.hint(for: name, among: known))")
    }

    /// The partitions of a topic.
    func partitions(of topic: String) throws -> [TopicPartition] {
        guard let found = cluster.topics.first(where: { $0.name == topic }) else {
            throw Failed("the cluster has no topic \(topic): create it with `fanfare apply`")
        }
        return found.partitions.map { TopicPartition(topic: topic, partition: $0.number) }
    }

    /// What a registration would come to.
    func plan(_ name: String, _ definition: [UInt8]) throws(SubscriptionRegistry.Refusal) -> SubscriptionRegistry.Plan {
        try registry.plan(name, definition, files)
    }

    // MARK: Changing

    /// Writes the records, in their order, and reads them again.
    ///
    /// - Returns: the position of a replica that knows of them.
    func write(_ records: [ControlRecord]) throws -> Int64 {
        let writer = ControlWriter(kafka, topic: configuration.controlTopicName, signal: loop.signal.descriptor)
        for record in records { writer.write(record) }
        var position: Int64 = 0
        let end = EventLoop.now() + Self.patience
        do throws(KafkaError) {
            while true {
                try writer.poll { _, offset in position = max(position, offset + 1) }
                guard writer.outstanding > 0, EventLoop.now() < end else { break }
                loop.run(until: EventLoop.now() + 50_000_000)
            }
        } catch {
            throw Failed("the control topic \(configuration.controlTopicName) does not take the change: \(error.message)")
        }
        guard writer.outstanding == 0 else {
            throw Failed("the control topic \(configuration.controlTopicName) has not acknowledged the change; it may hold all the same, so look (`fanfare subscriptions`) and repeat it")
        }
        try follow { $0.position >= position }
        return position
    }

    /// Reads on until something is so, at most until then. False when it is not.
    @discardableResult
    func follow(until end: Int64? = nil, _ condition: (ControlReader) -> Bool) throws -> Bool {
        let deadline = end ?? EventLoop.now() + Self.patience
        var failure: KafkaError?
        while true {
            do throws(KafkaError) {
                _ = try reader.read()
            } catch {
                failure = error
            }
            if condition(reader) { return true }
            guard EventLoop.now() < deadline else { break }
            loop.run(until: min(deadline, EventLoop.now() + 100_000_000))
        }
        guard end == nil else { return false }
        throw Failed("the control topic \(configuration.controlTopicName) cannot be read: \(failure?.message ?? "the cluster sends nothing of it")")
    }
}
