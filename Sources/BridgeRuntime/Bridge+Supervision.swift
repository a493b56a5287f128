import CLinux
import DeliveryCore
import EventLoop
import EventModel
import KafkaClient
import Logging
import Manifests
import Synchronization

/// The thread that watches over the shards.
extension Bridge {
    func supervise() {
        defer { onFinish.withLock { $0 }?() }
        guard let partitions = waitForCluster() else { return }
        notifier?.install(assembly.withLock { $0.topics })
        let notifierThread = notifier?.start()
        defer {
            notifier?.stop()
            notifierThread?.join()
        }
        let control = ControlChannel(
            kafka, topic: configuration.controlTopicName, startedAt: startedAt, log: log, levels: levels, notifier: notifier
        ) { [self] definitions in
            publish { $0.definitions = definitions }
        }
        let controlThread = control.start()
        defer {
            control.stop()
            controlThread.join()
        }
        guard waitForControl(control) != nil else { return }
        let topics = publish { $0.control = control }
        defer { assembly.withLock { $0.control = nil } }
        let lookups = Lookups(kafka, group: configuration.group)
        defer { lookups.stop() }
        let receipts = startReceipts()
        defer {
            receipts?.topic.close()
            receipts?.thread.join()
        }
        let spansThread = spans?.start()
        defer {
            spans?.close()
            spansThread?.join()
        }
        let plans = makePlans(retryPartitions: partitions, receipts?.topic)
        defer { schemas?.stop() }
        let mailboxes = plans.map { _ in ShardMailbox() }
        var counts = PartitionCounts(retryTopic: configuration.retryTopicName)
        var admin: ClusterAdmin?
        // Else each replica would take a whole limit for its own until it knows better.
        if let client = try? Self.client(kafka, &admin) { tell(mailboxes, topics, &counts, client) }
        // What is paused must not begin before that is known.
        control.connect(mailboxes)
        state.withLock { $0.control = control }
        defer { state.withLock { $0.control = nil } }
        publish { $0.shards = mailboxes }
        // What reading thousands of manifests took stays with the allocator otherwise.
        malloc_trim(0)
        let threads = startShards(plans, mailboxes, lookups, control)
        let stopNow = state.withLock { state in
            state.shards = mailboxes
            return state.isStopping
        }
        if stopNow { for mailbox in mailboxes { mailbox.send(.stop) } }
        // Beside the shards: some clusters take their time to say that they do not show settings.
        _ = WorkerThread(name: "retention") { [self] in
            RetentionCheck.run(configuration, topics, kafka, log)
            retention.run(while: { !isStopping }, snapshot: snapshot)
        }
        watch(mailboxes, &counts, admin)
        for thread in threads { thread.join() }
    }

    private func startShards(_ plans: [ShardPlan], _ mailboxes: [ShardMailbox], _ lookups: Lookups, _ control: ControlChannel) -> [WorkerThread] {
        zip(plans, mailboxes).map { plan, mailbox in
            mailbox.show { $0.turned = Instant(nanoseconds: EventLoop.now()) }
            return WorkerThread(name: "shard-\(plan.index)") { [log] in
                do {
                    try Shard(plan: plan, mailbox: mailbox, lookups: lookups, channel: control, log: ShardLog(log)).run()
                } catch {
                    mailbox.show {
                        $0.failure = "\(error)"
                        $0.isFinished = true
                    }
                }
            }
        }
    }

    /// Until all shards have finished, or one cannot go on.
    ///
    /// - Parameter admin: the client that there is already.
    private func watch(_ shards: [ShardMailbox], _ counts: inout PartitionCounts, _ admin: ClusterAdmin?) {
        var admin = admin
        var edition = 0
        var tick = 0
        while !shards.allSatisfy(\.status.isFinished) {
            Clock.pause(milliseconds: 100)
            tick += 1
            if tick % 10 == 0, !isStopping {
                reload()
                let known = assembly.withLock { $0.edition }
                if let admin, known != edition {
                    edition = known
                    tell(shards, assembly.withLock { $0.topics }, &counts, admin)
                }
            }
            if tick % 10 == 0 { tell(certificates.withLock { $0.look(at: Clock.moment().wall) }) }
            if tick % 20 == 0, !isStopping { checkCluster(&admin) }
            if tick % 50 == 0, !isStopping, let admin { findEnds(shards, admin) }
            if tick % 300 == 0, !isStopping, let admin { tell(shards, assembly.withLock { $0.topics }, &counts, admin) }
            if let failure = shards.lazy.compactMap(\.status.failure).first, !isStopping {
                log.critical("a shard cannot go on; the process stops", metadata: ["reason": "\(failure)"])
                state.withLock { $0.failure = failure }
                stop()
            }
        }
    }

    private func tell(_ shards: [ShardMailbox], _ topics: [TopicManifest], _ counts: inout PartitionCounts, _ admin: ClusterAdmin) {
        let changes = counts.changes(topics, admin)
        if !changes.isEmpty { for shard in shards { shard.send(.partitionCounts(changes)) } }
    }

    private func checkCluster(_ admin: inout ClusterAdmin?) {
        let reachable: Bool
        do throws(KafkaError) {
            let client = try Self.client(kafka, &admin)
            _ = try client.metadata(topic: configuration.retryTopicName)
            reachable = true
        } catch {
            reachable = false
        }
        let changed = state.withLock { state in
            defer { state.isClusterReachable = reachable }
            return state.isClusterReachable != reachable
        }
        guard changed else { return }
        if reachable {
            log.notice("the Kafka cluster answers again")
        } else {
            log.error(
                "the Kafka cluster does not answer; deliveries of what was read go on",
                metadata: ["bootstrapServers": "\(configuration.kafka.bootstrapServers)"])
        }
    }

    /// A partition that nobody takes from tells its end no more, and that is when people look at the lag.
    private func findEnds(_ shards: [ShardMailbox], _ admin: ClusterAdmin) {
        for shard in shards {
            let partitions = shard.status.snapshot.partitions.map { TopicPartition(topic: $0.topic, partition: $0.partition) }
            let asked = Clock.moment()
            guard !partitions.isEmpty, state.withLock({ $0.isClusterReachable }),
                let found = try? admin.offsets(at: partitions.map { (partition: $0, time: LogicalOffset.end) })
            else { continue }
            var ends: [TopicPartitionName: Int64] = [:]
            for (partition, end) in found where end >= 0 {
                ends[TopicPartitionName(topic: partition.topic, partition: partition.partition)] = end
            }
            shard.send(.endsKnown(ends, asked: asked))
        }
    }

    /// The client that was made before, or a new one.
    static func client(
        _ kafka: KafkaConfiguration, _ admin: inout ClusterAdmin?, timeoutMilliseconds: Int = 2000
    ) throws(KafkaError) -> ClusterAdmin {
        if let admin {
            // Not looked at, but they would pile up.
            admin.notices { _ in }
            return admin
        }
        let client = try ClusterAdmin(kafka, timeoutMilliseconds: timeoutMilliseconds)
        admin = client
        return client
    }
}
