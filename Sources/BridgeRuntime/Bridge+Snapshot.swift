public import DeliveryCore
import EventLoop
public import EventModel
import Manifests
import Synchronization

/// What metrics and probes are told.
extension Bridge {
    /// What all shards and helpers last showed, as one.
    public func snapshot() -> CoreSnapshot {
        let shards = state.withLock { $0.shards }
        var merged = CoreSnapshot()
        for shard in shards { merged.merge(shard.status.snapshot) }
        if shards.isEmpty {
            for policy in assembly.withLock({ $0.topics }).flatMap(\.subscriptions) {
                merged.subscriptions.append(SubscriptionSnapshot(name: policy.name, topic: policy.topic))
            }
        }
        merged.receiptsLost = state.withLock { $0.receipts }?.lost ?? 0
        retention.fill(&merged)
        let certificates = certificates.withLock { $0 }
        for index in merged.subscriptions.indices {
            merged.subscriptions[index].certificateEnd = certificates.end(of: merged.subscriptions[index].name)
        }
        merged.subscriptionsRefused = assembly.withLock { $0.registry.refusedCount }
        if let counts = schemas?.counts {
            merged.schemasFound = counts.found
            merged.schemasUnknown = counts.unknown
            merged.schemaRequestsFailed = counts.failed
        }
        if let counts = spans?.counts {
            merged.spansExported = counts.exported
            merged.spansDropped = counts.dropped
        }
        if let counts = notifier?.counts {
            merged.notificationsWritten = counts.written
            merged.notificationsLost = counts.lost
        }
        return merged
    }

    /// Whether events are delivered, or what that waits for.
    public func readiness() -> Readiness {
        let (shards, reachable, waitingFor, stopping) = state.withLock {
            ($0.shards, $0.isClusterReachable, $0.waitingFor, $0.isStopping)
        }
        if stopping { return .notReady(["shutting down"]) }
        if shards.isEmpty { return .notReady([waitingFor]) }
        var reasons: [String] = []
        if !reachable { reasons.append("the Kafka cluster does not answer at \(configuration.kafka.bootstrapServers)") }
        for (index, shard) in shards.enumerated() {
            if let failure = shard.status.failure { reasons.append("shard \(index): \(failure)") }
        }
        if !shards.contains(where: { $0.status.hasJoined }) { reasons.append("no partitions have been assigned yet") }
        return reasons.isEmpty ? .ready : .notReady(reasons)
    }

    /// How long ago the shard that is furthest behind turned its loop.
    public func oldestTurn() -> TimeSpan {
        let now = Instant(nanoseconds: EventLoop.now())
        return state.withLock { $0.shards }.map { now - $0.status.turned }.max() ?? .zero
    }
}
