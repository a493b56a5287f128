import BridgeRuntime
import EventLoop
import EventModel
import KafkaClient
import TerminalViews

/// Looks at the cluster as a bridge with this configuration finds it. Changes nothing.
struct ClusterExamination {
    private let configuration: BridgeConfiguration
    private let manifests: [TopicManifest]
    private let kafka: KafkaConfiguration
    private let admin: ClusterAdmin
    /// For partitions to say that they can be read.
    private static let patience: Int64 = 10_000_000_000
    private static let rights = "grant what docs/OPERATIONS.md lists under \"Rights on the cluster\""

    init(_ configuration: BridgeConfiguration, _ manifests: [TopicManifest], _ kafka: KafkaConfiguration) throws {
        self.configuration = configuration
        self.manifests = manifests
        self.kafka = kafka
        admin = try ClusterAdmin(kafka, timeoutMilliseconds: 5000)
    }

    func findings() throws -> [Finding] {
        let cluster: ClusterAdmin.Cluster
        do throws(KafkaError) {
            cluster = try admin.metadata()
        } catch {
            return [
                .problem(
                    .kafka, .kafkaUnreachable, "the cluster does not answer at \(kafka.bootstrapServers): \(admin.reason(for: error))",
                    help: "kafka.bootstrapServers or --bootstrap-servers says where it is, kafka.properties how to log in")
            ]
        }
        let name = admin.clusterID().map { ", cluster \($0)" } ?? ""
        let brokers = cluster.brokers.count
        let wanted = Set(WantedTopic.names(configuration, manifests))
        let present = cluster.topics.filter { wanted.contains($0.name) && $0.error == nil }
        let (topics, state) = topics(cluster, missing: wanted.subtracting(present.map(\.name)))
        return [.ok(.kafka, "\(Numbers.counted(brokers, "broker")) at \(kafka.bootstrapServers)\(name)")]
            + topics + replicas(present) + retention(state) + (try access(present))
    }

    // MARK: Topics

    /// - Returns: also how they are; nil where that cannot be seen.
    private func topics(_ cluster: ClusterAdmin.Cluster, missing: Set<String>) -> ([Finding], ClusterState?) {
        let state: ClusterState
        do {
            state = try ClusterState(of: WantedTopic.names(configuration, manifests), cluster, admin)
        } catch {
            let reason = error is ClusterState.NoAdminAPI ? "this broker has no admin API" : "\((error as? KafkaError)?.message ?? "\(error)")"
            let findings: [Finding] = missing.sorted().map { .problem(.topics, .topicMissing, "\($0) does not exist", help: "create it, or let `fanfare apply` do it") }
            return (findings + [.unknown(.topics, .topicUnseen, "how topics are set up cannot be seen: \(reason)")], nil)
        }
        let plans = WantedTopic.all(configuration, manifests, state).map { TopicPlan($0, state) }
        let findings = plans.flatMap { plan in plan.lines.compactMap { finding($0, of: plan.topic.name) } }
        let right = plans.count { $0.isSettled && !$0.hasObstacle }
        return (findings + (right > 0 ? [.ok(.topics, "\(right) of \(plans.count) topics are as they have to be")] : []), state)
    }

    private func finding(_ line: TopicPlan.Line, of topic: String) -> Finding? {
        switch line.mark {
        case .same: nil
        case .create: .problem(.topics, .topicMissing, "\(topic) does not exist", help: "`fanfare apply` creates it")
        case .change: .warning(.topics, .topicDiffers, "\(topic): \(line.text)", help: "`fanfare apply` changes it")
        case .cannot: .problem(.topics, .topicCannot, "\(topic): \(line.text)", help: nil)
        }
    }

    private func replicas(_ topics: [ClusterAdmin.Topic]) -> [Finding] {
        topics.flatMap { topic -> [Finding] in
            let headless = topic.partitions.filter { $0.leader == nil }.map(\.number)
            let behind = topic.partitions.filter { $0.leader != nil && $0.inSync.count < $0.replicas.count }.map(\.number)
            return (headless.isEmpty ? [] : [
                .problem(
                    .topics, .partitionLeaderless, "\(topic.name) has partitions without a leader: \(Self.list(headless))",
                    help: "see which brokers are down; nothing is read or written there until they are back")
            ]) + (behind.isEmpty ? [] : [
                .warning(
                    .topics, .replicasBehind, "\(topic.name) has partitions with fewer replicas in sync than it should: \(Self.list(behind))",
                    help: "see which brokers are down or slow; with fewer than min.insync.replicas nothing can be written")
            ])
        }
    }

    private static func list(_ numbers: [Int32]) -> String {
        numbers.prefix(10).map(String.init).joined(separator: ", ") + (numbers.count > 10 ? " and \(numbers.count - 10) more" : "")
    }

    private func retention(_ state: ClusterState?) -> [Finding] {
        var findings: [Finding] = []
        var looked = 0
        for manifest in manifests {
            guard let settings = state?.topics[manifest.topic]?.settings else { continue }
            looked += 1
            let span = manifest.subscriptions.map(\.retry.giveUpAfter).max() ?? .zero
            findings += RetentionCheck.problems(manifest.topic, needs: span, settings, isSource: true).map {
                .problem(.retention, .retentionShort, "\(manifest.topic): \($0)", help: "kafka.config of its manifest, and `fanfare apply`; or a shorter retry.giveUpAfter")
            }
        }
        guard findings.isEmpty else { return findings }
        return looked == 0 ? [] : [.ok(.retention, "topics keep records for longer than events are retried")]
    }

    // MARK: Access

    /// Whether records come, or at least the word that there are none; and whether cursors may be asked for.
    private func access(_ topics: [ClusterAdmin.Topic]) throws -> [Finding] {
        let read = Set(manifests.map(\.topic) + [configuration.retryTopicName, configuration.controlTopicName])
        let partitions = topics.filter { read.contains($0.name) }.compactMap { topic in
            topic.partitions.first { $0.leader != nil }.map { TopicPartition(topic: topic.name, partition: $0.number) }
        }
        let findings = try unreadable(partitions) + (try groups(topics))
        return findings.isEmpty && !partitions.isEmpty ? [.ok(.access, "topics can be read, and cursors can be asked for")] : findings
    }

    private func unreadable(_ partitions: [TopicPartition]) throws -> [Finding] {
        let loop = try EventLoop()
        let reader = try SeekingReader(kafka, signal: loop.signal.descriptor)
        var waiting = try partitions.map { try reader.open($0, at: LogicalOffset.end) }
        var findings: [Finding] = []
        let buffer = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: 16)
        defer { buffer.deallocate() }
        let deadline = EventLoop.now() + Self.patience
        while !waiting.isEmpty, EventLoop.now() < deadline {
            reader.poll { _ in }
            waiting.removeAll { queue in
                do throws(KafkaError) {
                    let count = try queue.read(into: buffer, max: 16)
                    for i in 0..<count { buffer[i].destroy() }
                    return count > 0 || queue.endOffset != nil
                } catch {
                    findings.append(.problem(.access, .topicUnreadable, "\(queue.partition.topic) cannot be read: \(error.message)", help: Self.rights))
                    return true
                }
            }
            if !waiting.isEmpty { loop.run(until: EventLoop.now() + 100_000_000) }
        }
        for queue in waiting {
            findings.append(
                .problem(
                    .access, .partitionSilent, "\(queue.partition) sends nothing, and does not say why",
                    help: "see whether its broker can be reached from here: brokers name their addresses themselves (advertised.listeners)"))
        }
        return findings
    }

    /// Of all cursors at once.
    private func groups(_ topics: [ClusterAdmin.Topic]) throws -> [Finding] {
        var asked: [(group: String, partition: TopicPartition)] = []
        func ask(_ group: String, _ topic: String) {
            guard let partition = topics.first(where: { $0.name == topic })?.partitions.first else { return }
            asked.append((group: "\(configuration.group).\(group)", partition: TopicPartition(topic: topic, partition: partition.number)))
        }
        for subscription in manifests.flatMap(\.subscriptions) { ask(subscription.name, subscription.topic) }
        ask("_retry", configuration.retryTopicName)
        let offsets = try GroupOffsets(kafka, group: configuration.group, signal: nil)
        for (index, (group, partition)) in asked.enumerated() { offsets.fetch(group: group, [partition], token: UInt(index)) }
        var refused: [(group: String, reason: String)] = []
        // A request that is not answered in time completes with an error.
        while offsets.outstanding > 0 {
            offsets.wait(milliseconds: 1000) { answer in
                guard let error = answer.error ?? answer.partitions.compactMap(\.error).first else { return }
                refused.append((group: asked[Int(answer.token)].group, reason: error.message))
            }
        }
        guard let first = refused.min(by: { $0.group < $1.group }) else { return [] }
        let others = refused.count > 1 ? ", and \(refused.count - 1) more" : ""
        return [.problem(.access, .cursorRefused, "the cursor of group \(first.group) cannot be asked for\(others): \(first.reason)", help: Self.rights)]
    }
}
