import Control
import EventModel
import KafkaClient
import Manifests

/// Subscriptions that came through the API, for commands that work with manifests: they stand in the control topic.
struct RegisteredSubscriptions {
    /// Manifests with the subscriptions of both sides, as a bridge would have them.
    let topics: [TopicManifest]
    private let registry: SubscriptionRegistry

    /// - Parameters:
    ///   - files: The topics of manifests.
    ///   - cluster: All of its topics.
    init(
        _ loaded: LoadedConfiguration, _ files: [TopicManifest], _ kafka: KafkaConfiguration, _ cluster: ClusterAdmin.Cluster
    ) throws(ControlTopic.Failure) {
        let name = loaded.configuration.controlTopicName
        var registry = SubscriptionRegistry(loaded.configuration, defaults: loaded.defaults, environment: .process())
        // Without one nothing came through the API. To ask for it by its name could create it.
        let exists = cluster.topics.contains { $0.name == name && $0.error == nil && !$0.partitions.isEmpty }
        topics = try registry.install(files, exists ? ControlTopic(kafka, named: name).state.definitions : [:])
        self.registry = registry
    }

    /// Why one that came through the API cannot be used here; nil for one that can, or that nobody registered.
    func problem(of name: String) -> String? {
        guard let entry = registry.entries[name], entry.subscription == nil else { return nil }
        let reasons = entry.problems.filter { $0.severity == .error }.map { "\($0.pointer): \($0.detail)" }.joined(separator: "; ")
        return "the subscription \(name) came through the API, and cannot be used here: \(reasons); try it where the bridge runs, with its configuration and files"
    }
}

extension RegisteredSubscriptions {
    /// For commands that ask Kafka for nothing else.
    init(_ loaded: LoadedConfiguration, _ files: [TopicManifest]) throws {
        let kafka = try KafkaConfiguration(loaded.configuration)
        let cluster = try ClusterAdmin(kafka, timeoutMilliseconds: 5000).reach(kafka)
        do throws(ControlTopic.Failure) {
            try self.init(loaded, files, kafka, cluster)
        } catch {
            throw Failed(error.sentence)
        }
    }

    /// The same, asked because no manifest has `name`.
    ///
    /// - Parameter known: the names that it could be instead.
    init(_ loaded: LoadedConfiguration, _ files: [TopicManifest], lookingFor name: String, known: [String]) throws {
        do {
            try self.init(loaded, files)
        } catch {
            printError(
                "error: no manifest has \(name); there are: \(known.isEmpty ? "none" : known.sorted().joined(separator: ", ")); "
                    + "so whether it came through the API is not known")
            throw error
        }
        if let problem = problem(of: name) { throw Failed(problem) }
    }

    /// For commands that work on Kafka: those of manifests alone, with a warning, where the control topic cannot be read.
    static func topics(
        _ loaded: LoadedConfiguration, _ files: [TopicManifest], _ kafka: KafkaConfiguration, _ cluster: ClusterAdmin.Cluster, with name: String? = nil
    ) throws -> [TopicManifest] {
        do throws(ControlTopic.Failure) {
            let registered = try RegisteredSubscriptions(loaded, files, kafka, cluster)
            if let problem = name.flatMap(registered.problem) { throw ControlTopic.Failure(sentence: problem) }
            return registered.topics
        } catch {
            if let name, !files.contains(where: { $0.subscriptions.contains { $0.name == name } }) { throw Failed(error.sentence) }
            printError("warning: \(error.sentence); only subscriptions of manifests are known")
            return files
        }
    }
}
