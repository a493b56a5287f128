import DeliveryCore
import EventModel
import KafkaClient
import Logging

// The group: what it gives to this shard and takes from it.
extension Shard {
    func pollKafka() {
        consumer.poll { event in
            switch event {
            case .assigned(let partitions): assigned(partitions)
            case .revoking(let partitions): revoking(partitions)
            case .lost(let partitions): lost(partitions)
            case .membership(let membership, let token): membershipTold(membership, token)
            case .notice(let notice): hear(notice)
            }
        }
        offsets.poll { completion in offsetsTold(completion) }
        pollProducer()
        readBack.poll { hear($0) }
    }

    func hear(_ notice: ClientNotice) {
        if case .statistics(let json) = notice { kafkaStatistics.take(json) } else { log.tell(notice) }
    }

    func assigned(_ partitions: [TopicPartition]) {
        log.logger.info("partitions assigned", metadata: ["partitions": "\(partitions.map(\.description).joined(separator: " "))"])
        var known: [TopicPartition] = []
        for partition in partitions {
            guard let mark = logMarks.beginCheck(of: partition) else {
                known.append(partition)
                continue
            }
            let mailbox = mailbox
            lookups.ask(.identity(partition, mark)) {
                mailbox.send(.logChecked(partition, mark, isRenewed: $0.isRenewed, start: $0.offset, end: $0.end))
            }
        }
        if !known.isEmpty { begin(known) }
    }

    private func begin(_ partitions: [TopicPartition]) {
        step(.assigned(partitions.map { TopicPartitionName(topic: $0.topic, partition: $0.partition) }))
        startSeeks()
    }

    func logChecked(_ partition: TopicPartition, _ mark: LogMark, isRenewed: Bool, start: Int64, end: Int64) {
        guard logMarks.endCheck(of: partition) else { return }
        if isRenewed {
            sayRenewed(partition, mark.offset + 1, end)
            noteRenewed(partition, start: start)
        }
        begin([partition])
    }

    private func revoking(_ partitions: [TopicPartition]) {
        log.logger.info(
            "partitions move to another replica; finishing what is in flight",
            metadata: ["partitions": "\(partitions.map(\.description).joined(separator: " "))"])
        for partition in partitions { renewedLogs.forget(partition) }
        // The engine has not heard yet of those whose logs are being looked at.
        consumer.unassign(partitions.filter { logMarks.endCheck(of: $0) })
        step(.revoking(partitions.compactMap { handle(of: $0) }))
    }

    func handle(of partition: TopicPartition) -> PartitionHandle? {
        core.handle(of: TopicPartitionName(topic: partition.topic, partition: partition.partition))
    }

    func topicPartition(_ handle: PartitionHandle) -> TopicPartition {
        let name = core.name(of: handle)
        return TopicPartition(topic: name.topic, partition: name.partition)
    }

    private func lost(_ partitions: [TopicPartition]) {
        log.logger.warning(
            "partitions lost: the group went on without this member",
            metadata: ["partitions": "\(partitions.map(\.description).joined(separator: " "))"])
        for partition in partitions {
            renewedLogs.forget(partition)
            logMarks.keep(activeReadings.first { $0.partition == partition }?.mark, of: partition)
        }
        let handles = partitions.compactMap { handle(of: $0) }
        step(.lost(handles))
        for handle in handles { forget(handle) }
    }

    /// The engine is done with a partition: its queue is closed, and the group told when all are.
    func letGo(_ handle: PartitionHandle) {
        let partition = topicPartition(handle)
        forget(handle)
        consumer.unassign([partition])
    }

    func forget(_ handle: PartitionHandle) {
        guard handle.index < readings.count, let reading = readings[handle.index] else { return }
        forgetRepartitions(of: handle)
        reading.chunkQueue?.close()
        reading.chunkQueue = nil
        reading.queue = nil
        readings[handle.index] = nil
        activeReadings.removeAll { $0 === reading }
    }

    // MARK: Membership

    func askMembership() {
        guard let handle = core.owned.first else { return membershipIsSure() }
        let position = handle.index < readings.count ? readings[handle.index]?.position ?? 0 : 0
        do throws(KafkaError) {
            try consumer.verifyMembership(
                committing: [(partition: topicPartition(handle), offset: max(0, position))], token: token(.membership))
        } catch {
            after(.milliseconds(500), .askMembership)
        }
    }

    private func membershipTold(_ membership: GroupConsumer.Membership, _ token: UInt) {
        requests.removeValue(forKey: token)
        switch membership {
        case .member:
            membershipIsSure()
        case .unknown:
            after(.milliseconds(500), .askMembership)
        case .fenced(let error):
            // What is lost the member says itself, with its next heartbeat: not all need be, as this is also the answer to one
            // that has just joined again and keeps its partitions. Only while it waits for a drain does it hear of nothing.
            log.logger.warning("the group went on without this member", metadata: ["reason": "\(error)"])
            let partitions = consumer.partitionsBeingRevoked
            let handles = partitions.compactMap { handle(of: $0) }
            step(.lost(handles))
            for handle in handles { forget(handle) }
            consumer.unassign(partitions)
            after(.milliseconds(500), .askMembership)
        }
    }

    private func membershipIsSure() {
        isMembershipDoubted = false
        step(.membershipSettled)
    }
}
