import EventModel
import KafkaClient
import Logging
import Synchronization

/// What has to be there before anything is delivered.
extension Bridge {
    private struct Missing: Error {
        /// What is waited for, and what to do about it.
        var reason: String
        var level = Logger.Level.warning
    }

    /// Waits until the cluster answers, and its retry and control topics exist; the number of partitions of the retry topic.
    /// Nil when told to stop.
    func waitForCluster() -> Int? {
        var admin: ClusterAdmin?
        return wait(milliseconds: 1000) { () throws(Missing) in
            func look(_ topic: String) throws(Missing) -> ClusterAdmin.Cluster {
                do throws(KafkaError) {
                    return try Self.client(kafka, &admin).metadata(topic: topic)
                } catch {
                    let reason = admin?.reason(for: error) ?? error.message
                    throw Missing(reason: "the Kafka cluster does not answer at \(configuration.kafka.bootstrapServers): \(reason)")
                }
            }
            let control = configuration.controlTopicName
            let count = try Self.partitions(of: configuration.retryTopicName, "retry", look(configuration.retryTopicName))
            _ = try Self.partitions(of: control, "control", look(control))
            state.withLock { $0.isClusterReachable = true }
            return count
        }
    }

    /// Waits until it is known what is paused. Nothing is delivered before that. Nil when told to stop.
    func waitForControl(_ control: ControlChannel) -> Void? {
        let start = Clock.moment().instant
        return wait(milliseconds: 20) { () throws(Missing) in
            let waits = "nothing is delivered before it is known what is paused or suspended"
            switch control.progress {
            case .caughtUp: return
            case .failing(let reason):
                throw Missing(reason: "the control topic \(configuration.controlTopicName) cannot be read, and \(waits): \(reason)", level: .error)
            case .reading:
                let isLate = Clock.moment().instant - start > .seconds(10)
                throw Missing(reason: "the control topic \(configuration.controlTopicName) is being read, and \(waits)", level: isLate ? .error : .debug)
            }
        }
    }

    /// Asks until there is an answer, and tells people why there is none. Nil when told to stop.
    private func wait<Answer>(milliseconds: Int, for answer: () throws(Missing) -> Answer) -> Answer? {
        var lastSaid = ""
        while !isStopping {
            do throws(Missing) {
                return try answer()
            } catch {
                state.withLock { $0.waitingFor = error.reason }
                let said = "\(error.level) \(error.reason)"
                if said != lastSaid { log.log(level: error.level, "waiting: \(error.reason)") }
                lastSaid = said
            }
            let end = Clock.moment().instant + .milliseconds(Int64(milliseconds))
            while !isStopping, Clock.moment().instant < end { Clock.pause(milliseconds: min(milliseconds, 100)) }
        }
        return nil
    }

    /// The number of partitions of a topic that the bridge cannot do without.
    private static func partitions(of topic: String, _ role: String, _ cluster: ClusterAdmin.Cluster) throws(Missing) -> Int {
        let found = cluster.topics.first { $0.name == topic }
        if let error = found?.error, error.code != .UNKNOWN_TOPIC_OR_PART {
            throw Missing(reason: "the \(role) topic \(topic) cannot be used: \(error.message)")
        }
        guard let count = found?.partitions.count, count > 0 else {
            throw Missing(reason: "the \(role) topic \(topic) does not exist yet: create it with `fanfare apply`")
        }
        return count
    }
}
