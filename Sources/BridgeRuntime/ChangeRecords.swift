public import Control
import EventModel
import KafkaClient

/// What a change is in the control topic.
struct ChangeRecords {
    var records: [ControlRecord]
    var seek: Seek?

    static func of(
        _ change: SubscriptionChange, _ policy: Subscription, _ by: Attribution, _ kafka: KafkaConfiguration
    ) async throws(ChangeFailure) -> ChangeRecords {
        switch change {
        case .pause: return ChangeRecords(records: [.pause(subscription: policy.name, Pause(isPaused: true, change: by))])
        case .resume(let fromNow):
            let seek = fromNow ? try await seek(to: .latest, policy, by, kafka) : nil
            return ChangeRecords(records: .resuming(policy.name, seek, by), seek: seek)
        case .seek(let target):
            let seek = try await seek(to: target, policy, by, kafka)
            return ChangeRecords(records: [.seek(subscription: policy.name, seek)], seek: seek)
        }
    }

    /// Asks the cluster, on a thread that may wait.
    private static func seek(
        to target: SeekTarget, _ policy: Subscription, _ by: Attribution, _ kafka: KafkaConfiguration
    ) async throws(ChangeFailure) -> Seek {
        try await withCheckedContinuation { continuation in
            _ = WorkerThread(name: "seek") {
                continuation.resume(returning: Result { () throws(ChangeFailure) in try look(target, policy.topic, by, kafka) })
            }
        }.get()
    }

    static func look(
        _ target: SeekTarget, _ topic: String, _ by: Attribution, _ kafka: KafkaConfiguration
    ) throws(ChangeFailure) -> Seek {
        do {
            let admin = try ClusterAdmin(kafka, timeoutMilliseconds: 5000)
            let found = try admin.metadata(topic: topic).topics.first { $0.name == topic }
            let partitions = (found?.partitions ?? []).map { TopicPartition(topic: topic, partition: $0.number) }
            return try Seek(to: target, on: topic, partitions, by, admin)
        } catch let problem as SeekProblem {
            switch problem {
            case .unanswered: throw .unavailable("\(problem)")
            case .outside: throw .impossible("\(problem)")
            }
        } catch {
            throw .unavailable("the offsets cannot be looked up: \(error)")
        }
    }
}

extension [ControlRecord] {
    /// What lets a subscription go on. A seek comes first, so that nothing goes out from the old place.
    public static func resuming(_ name: String, _ seek: Seek?, _ change: Attribution) -> [ControlRecord] {
        (seek.map { [.seek(subscription: name, $0)] } ?? []) + [
            .suspension(subscription: name, Suspension(isSuspended: false, manifest: "", change: change)),
            .pause(subscription: name, Pause(isPaused: false, change: change)),
        ]
    }
}
