import DeliveryCore
import EventModel
import Logging
import Manifests
import Synchronization

extension Bridge {
    /// What is delivered, of files and of the API, and who is to know.
    struct Assembly {
        /// As they were loaded last.
        var files: [TopicManifest]
        /// What came through the API.
        var definitions: [String: String] = [:]
        var registry: SubscriptionRegistry
        /// As they run: both sides, repartition topics with them.
        var topics: [TopicManifest]
        /// Grows whenever `topics` changes.
        var edition = 0
        var shards: [ShardMailbox] = []
        var control: ControlChannel?
        /// Complaints that the log has.
        private var told: Set<String> = []

        init(files: [TopicManifest], registry: SubscriptionRegistry, topics: [TopicManifest]) {
            self.files = files
            self.registry = registry
            self.topics = topics
        }

        /// Complaints about the API's subscriptions that are new.
        mutating func news() -> [String] {
            var complaints: [String] = []
            for (name, entry) in registry.entries.sorted(by: { $0.key < $1.key }) {
                for problem in entry.problems where problem.severity == .error {
                    let consequence = entry.subscription == nil ? "nothing is delivered to it" : "the definition before stays in force"
                    complaints.append("the subscription \(name), of the API, cannot be used: \(problem.pointer): \(problem.detail); \(consequence)")
                }
            }
            for (name, file) in registry.conflicts.sorted(by: { $0.key < $1.key }) {
                complaints.append(
                    "the subscription \(name) of \(file) is not in force: the API has one of that name, which goes on; take it out of the file, or `fanfare subscriptions delete \(name)`")
            }
            defer { told = Set(complaints) }
            return complaints.filter { !told.contains($0) }
        }
    }

    /// Puts both sides together anew, and sends what comes of it to all that runs. Under one lock, so that what is sent last is what
    /// was said last.
    @discardableResult
    func publish(_ change: (inout Assembly) -> Void) -> [TopicManifest] {
        assembly.withLock { assembly in
            change(&assembly)
            let merged = assembly.registry.install(assembly.files, assembly.definitions)
            for complaint in assembly.news() { log.error("\(complaint)") }
            let now = Clock.moment()
            tell(rotation.withLock { $0.take(merged, at: now.instant) })
            certificates.withLock { $0 = CertificateWatch(merged, at: now.wall) }
            send(&assembly)
            return assembly.topics
        }
    }

    /// Files that subscriptions of the API refer to, and secrets whose time is over.
    func reloadReferences() {
        if assembly.withLock({ $0.registry.filesHaveChanged }) {
            publish { _ in }
            return
        }
        let ended = rotation.withLock { $0.expire(at: Clock.moment().instant) }
        guard !ended.isEmpty else { return }
        tell(ended)
        assembly.withLock { send(&$0) }
    }

    private func send(_ assembly: inout Assembly) {
        assembly.topics = configuration.withRepartitions(rotation.withLock { $0.current })
        assembly.edition += 1
        notifier?.install(assembly.topics)
        for shard in assembly.shards { shard.send(.manifests(assembly.topics)) }
        assembly.control?.install(assembly.topics)
    }
}
