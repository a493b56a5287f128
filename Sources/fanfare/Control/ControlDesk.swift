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
    private let control: ControlTopic

    var state: ControlState { control.state }
    var policies: [Subscription] { topics.flatMap(\.subscriptions) }

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
        do throws(ControlTopic.Failure) {
            control = try ControlTopic(kafka, named: topic)
        } catch {
            throw Failed(error.sentence)
        }
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
        do throws(ControlTopic.Failure) {
            return try control.write(records)
        } catch {
            throw Failed(error.sentence)
        }
    }

    /// Reads on until something is so, at most until then. False when it is not.
    @discardableResult
    func follow(until end: Int64, _ condition: (ControlReader) -> Bool) throws -> Bool {
        do throws(ControlTopic.Failure) {
            return try control.follow(until: end, condition)
        } catch {
            throw Failed(error.sentence)
        }
    }
}
