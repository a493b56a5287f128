import DeliveryCore
import EventModel
import KafkaClient
import Logging

/// A request to Kafka that is under way.
enum KafkaRequest {
    case commit(CursorGroup, sent: Instant)
    case membership
}

// The cursors' offsets: asked for, looked up, committed.
extension Shard {
    /// The consumer group that holds a subscription's cursors. No subscription's name begins with `_`.
    func groupName(_ group: CursorGroup) -> String {
        switch group {
        case .retryTopic: "\(plan.group)._retry"
        case .subscription(let id): "\(plan.group).\(core.subscription(id).name)"
        }
    }

    func token(_ request: KafkaRequest) -> UInt {
        defer { nextToken += 1 }
        requests[nextToken] = request
        return nextToken
    }

    func fetchCursors(_ group: CursorGroup, _ handles: [PartitionHandle]) {
        let mailbox = mailbox
        lookups.cursors.ask(groupName(group), handles.map { topicPartition($0) }) { mailbox.send(.cursorsFetched(group, handles, $0)) }
    }

    func findStart(_ group: CursorGroup, _ handle: PartitionHandle, _ start: StartPosition) {
        let mailbox = mailbox
        lookups.ask(StartOffsets.Question(partition: topicPartition(handle), start: start, group: groupName(group))) {
            mailbox.send(.startFound(group, handle, offset: $0))
        }
    }

    func commit(_ group: CursorGroup, _ cursors: [CursorCommit]) {
        // A process stopped in the middle of a turn: what was decided before may not be true any more.
        takeTime()
        guard !isMembershipDoubted else { return step(.commitEnded(group, succeeded: false, duration: .zero)) }
        seeksAreCommitted(with: cursors, of: group)
        let entries = cursors.map {
            (
                partition: TopicPartition(topic: $0.partition.topic, partition: $0.partition.partition), offset: $0.offset,
                metadata: $0.metadata
            )
        }
        offsets.commit(group: groupName(group), entries, token: token(.commit(group, sent: moment.instant)))
    }

    func offsetsTold(_ completion: GroupOffsets.Completion) {
        guard let request = requests.removeValue(forKey: completion.token) else { return }
        let failure = completion.error ?? completion.partitions.lazy.compactMap(\.error).first
        switch request {
        case .commit(let group, let sent):
            if let failure {
                log.limited("commit", .warning, "a commit failed; it will be repeated", ["group": "\(groupName(group))", "reason": "\(failure)"])
            }
            if failure == nil, !renewedLogs.isEmpty {
                for entry in completion.partitions { renewedLogs.committed(entry.partition, by: groupName(group), sent: sent) }
            }
            seeksCommitEnded(of: group, succeeded: failure == nil)
            step(.commitEnded(group, succeeded: failure == nil, duration: moment.instant - sent))
        case .membership:
            break
        }
    }

    func cursorsFetched(_ group: CursorGroup, _ handles: [PartitionHandle], _ answer: CursorFetches.Answer) {
        let stored: [TopicPartition: StoredCursor]
        switch answer {
        case .success(let found): stored = found
        case .failure(let failure):
            log.limited("fetch", .warning, "cursors cannot be loaded; trying again", ["group": "\(groupName(group))", "reason": "\(failure)"])
            // Some may have gone meanwhile.
            let wanted = handles.filter { core.handle(of: core.name(of: $0)) == $0 }
            if !wanted.isEmpty { after(.seconds(1), .fetch(group, wanted)) }
            return
        }
        let name = groupName(group)
        for handle in handles {
            let partition = topicPartition(handle)
            if let start = renewedLogs.start(of: partition, for: name) {
                // What is stored is about a log that is gone.
                step(.startResolved(group, handle, offset: start))
            } else {
                cursorFound(group, handle, stored[partition] ?? .none)
            }
        }
    }

    /// What is stored for those who read it now is about a log that is gone; who comes later begins where its policy says.
    func noteRenewed(_ partition: TopicPartition, start: Int64) {
        let groups: [CursorGroup] =
            if partition.topic == plan.core.retryTopic {
                [.retryTopic]
            } else {
                core.slots(ofTopic: partition.topic).compactMap { $0 }.map { .subscription($0) }
            }
        renewedLogs.add(partition, start: start, of: Set(groups.map { groupName($0) }), at: moment.instant)
    }

    /// A subscription that comes to a log which others read already (it was paused, or its name was used before) may have a
    /// cursor of the log that was there before.
    private func cursorFound(_ group: CursorGroup, _ handle: PartitionHandle, _ stored: StoredCursor) {
        guard case .committed(let offset, _) = stored, handle.index < readings.count, let reading = readings[handle.index],
            let end = reading.queue?.highWatermark, offset > end
        else { return step(.cursorLoaded(group, handle, stored)) }
        // Or the log has grown since it was fetched from.
        let mailbox = mailbox
        lookups.ask(.bounds(reading.partition)) {
            mailbox.send(.cursorChecked(group, handle, stored, start: $0.offset, end: $0.end))
        }
    }

    func cursorChecked(_ group: CursorGroup, _ handle: PartitionHandle, _ stored: StoredCursor, _ start: Int64, _ end: Int64) {
        guard case .committed(let offset, _) = stored, offset > end else { return step(.cursorLoaded(group, handle, stored)) }
        sayRenewed(topicPartition(handle), offset, end, ["group": "\(groupName(group))"])
        step(.startResolved(group, handle, offset: start))
    }
}
