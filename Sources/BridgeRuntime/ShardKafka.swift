import DeliveryCore
import EventModel
import KafkaClient
import Logging

/// One owned partition as the shard reads it.
final class PartitionReading {
    let handle: PartitionHandle
    let partition: TopicPartition
    let isRetryTopic: Bool
    var route: TopicRoute?
    var queue: PartitionQueue? = nil
    /// The read-back queue, and what was asked for; kept open a while, because the next chunk usually follows this one.
    var chunkQueue: PartitionQueue? = nil
    var chunk: (from: Int64, until: Int64)? = nil
    var chunkIdleSince = Instant(nanoseconds: 0)
    /// The start of the log is being looked up.
    var isLookingUp = false
    /// The next record needs a schema that is being looked up.
    var pause: ShardSchemas.Pause? = nil
    var chunkPause: ShardSchemas.Pause? = nil
    var position: Int64 = -1
    /// The last record of its log that was read.
    var mark: LogMark? = nil

    init(handle: PartitionHandle, partition: TopicPartition, isRetryTopic: Bool, route: TopicRoute?) {
        self.handle = handle
        self.partition = partition
        self.isRetryTopic = isRetryTopic
        self.route = route
    }
}

/// A request to Kafka that is under way.
enum KafkaRequest {
    case commit(CursorGroup, sent: Instant)
    case membership
}

// The group, the reading of records, the cursors' offsets.
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

    private func assigned(_ partitions: [TopicPartition]) {
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
            renewedLogs[partition] = start
        }
        begin([partition])
    }

    private func revoking(_ partitions: [TopicPartition]) {
        log.logger.info(
            "partitions move to another replica; finishing what is in flight",
            metadata: ["partitions": "\(partitions.map(\.description).joined(separator: " "))"])
        for partition in partitions { renewedLogs[partition] = nil }
        // The engine has not heard yet of those whose logs are being looked at.
        consumer.unassign(partitions.filter { logMarks.endCheck(of: $0) })
        step(.revoking(partitions.compactMap { handle(of: $0) }))
    }

    func handle(of partition: TopicPartition) -> PartitionHandle? {
        core.handle(of: TopicPartitionName(topic: partition.topic, partition: partition.partition))
    }

    private func topicPartition(_ handle: PartitionHandle) -> TopicPartition {
        let name = core.name(of: handle)
        return TopicPartition(topic: name.topic, partition: name.partition)
    }

    private func lost(_ partitions: [TopicPartition]) {
        log.logger.warning(
            "partitions lost: the group went on without this member",
            metadata: ["partitions": "\(partitions.map(\.description).joined(separator: " "))"])
        for partition in partitions {
            renewedLogs[partition] = nil
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

    private func forget(_ handle: PartitionHandle) {
        guard handle.index < readings.count, let reading = readings[handle.index] else { return }
        forgetRepartitions(of: handle)
        reading.chunkQueue?.close()
        reading.chunkQueue = nil
        reading.queue = nil
        readings[handle.index] = nil
        activeReadings.removeAll { $0 === reading }
    }

    // MARK: Reading

    func startReading(_ handle: PartitionHandle, at offset: Int64) {
        let partition = topicPartition(handle)
        do throws(KafkaError) {
            if handle.index < readings.count, let reading = readings[handle.index], let queue = reading.queue {
                try queue.seek(to: offset)
                reading.isLookingUp = false
                reading.pause = nil
                return
            }
            if let queue = consumer.queue(for: partition) {
                try queue.seek(to: offset)
            } else {
                try consumer.assign([(partition: partition, offset: offset)])
            }
        } catch {
            log.logger.error("cannot read the partition", metadata: ["partition": "\(partition)", "reason": "\(error)"])
        }
        let reading = PartitionReading(
            handle: handle, partition: partition, isRetryTopic: core.isRetryTopic(handle), route: routes[partition.topic])
        reading.queue = consumer.queue(for: partition)
        while readings.count <= handle.index { readings.append(nil) }
        readings[handle.index] = reading
        activeReadings.append(reading)
        hasMore = true
    }

    func readHeads() {
        var i = 0
        while i < activeReadings.count {
            let reading = activeReadings[i]
            i += 1
            guard let queue = reading.queue, !reading.isLookingUp, core.wantsRecords(reading.handle) else { continue }
            do throws(KafkaError) {
                guard try goOn(&reading.pause, queue) else { continue }
                let count = try queue.read(into: readBuffer, max: Self.readSize)
                var next = queue.readUpTo
                guard count > 0 || next > reading.position else { continue }
                reading.pause = fillBatch(reading, count: count, until: .max)
                next = reading.pause?.offset ?? next
                reading.position = next
                batch.isChunk = false
                batch.nextOffset = next
                batch.end = queue.highWatermark ?? -1
                step(.records(batch))
                if count == Self.readSize { hasMore = true }
            } catch {
                readFailed(reading, error, chunk: false)
            }
        }
    }

    /// False while a schema is not known. Then reading goes on with the record that needed it.
    private func goOn(_ pause: inout ShardSchemas.Pause?, _ queue: PartitionQueue) throws(KafkaError) -> Bool {
        guard let waiting = pause else { return true }
        guard isKnown(waiting) else { return false }
        try queue.seek(to: waiting.offset)
        pause = nil
        return true
    }

    private func readFailed(_ reading: PartitionReading, _ error: KafkaError, chunk: Bool) {
        guard error.isOffsetOutOfRange else {
            return log.limited("read \(reading.partition)", .warning, "reading is held up", ["partition": "\(reading.partition)", "reason": "\(error)"])
        }
        reading.isLookingUp = true
        let mailbox = mailbox
        let handle = reading.handle
        lookups.ask(.bounds(reading.partition)) {
            mailbox.send(.boundsFound(handle, start: $0.offset, end: $0.end, chunk: chunk))
        }
    }

    /// Our place lies before the log, because Kafka deleted what was not settled; or behind it, because the topic was
    /// deleted and made again (or a cluster without replication lost its end): then everything in it is new.
    func boundsFound(_ handle: PartitionHandle, _ start: Int64, _ end: Int64, chunk: Bool) {
        guard handle.index < readings.count, let reading = readings[handle.index] else { return }
        reading.isLookingUp = false
        let queue = chunk ? reading.chunkQueue : reading.queue
        guard let position = queue?.position, position > end else {
            if chunk { reading.chunk = nil }
            return step(.outOfRange(handle, logStart: start, chunk: chunk))
        }
        sayRenewed(reading.partition, position, end)
        renewedLogs[reading.partition] = start
        step(.lost([handle]))
        forget(handle)
        assigned([reading.partition])
    }

    private func sayRenewed(_ partition: TopicPartition, _ position: Int64, _ end: Int64, _ more: Logger.Metadata = [:]) {
        renewals += 1
        log.logger.critical(
            "this is not the log that our place was in: it was made anew; reading it from its beginning",
            metadata: ["partition": "\(partition)", "position": "\(position)", "end": "\(end)"].merging(more) { $1 })
    }

    /// Never 0, which stands for none. Another one in each process, so that nobody can make keys that wait for each other.
    static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(bytes: key)
        return max(1, UInt64(bitPattern: Int64(hasher.finalize())))
    }

    /// Makes what was read known to the engine: where each record goes, or when it is due.
    ///
    /// - Returns: the record that ends it early, because its schema is not known. It and those behind it are left to Kafka.
    private func fillBatch(_ reading: PartitionReading, count: Int, until: Int64) -> ShardSchemas.Pause? {
        batch.removeAll()
        batch.partition = reading.handle
        if count > 0, until == .max {
            let last = readBuffer[count - 1]
            reading.mark = LogMark(offset: last.offset, timestamp: last.timestamp)
        }
        for i in 0..<count {
            var record = readBuffer[i]
            guard record.offset < until else {
                record.destroy()
                continue
            }
            var incoming = IncomingRecord(record)
            // A record pins the whole buffer it was fetched in. Those at the head are needed together and go together; one
            // that a slow cursor or a due time keeps must not hold a megabyte.
            var waitsLong = false
            if reading.isRetryTopic {
                let retry = retry(record)
                waitsLong = retry.due > moment.wall
                batch.retries.append(retry)
            } else if let route = reading.route {
                fillView(record, topic: route.topic)
                if let schema = missingSchema(route.decoder) {
                    for rest in i..<count { readBuffer[rest].destroy() }
                    return ShardSchemas.Pause(schema: schema, offset: record.offset)
                }
                incoming.match(view, route, into: &batch.matches)
                if let finding = route.finding { tell(finding, of: record, route) }
                waitsLong = (until != .max || route.isOrdered) && (incoming.matches > 0 || incoming.poison)
            }
            if waitsLong {
                record = record.detached()
                incoming.token = RecordToken(bits: record.bits)
            }
            batch.records.append(incoming)
        }
        return nil
    }

    private func retry(_ record: KafkaRecord) -> IncomingRetry {
        let headers = RetryHeaders(record)
        let name = headers.subscription
        let created = WallTime(milliseconds: headers.asked ?? headers.timestamp ?? record.timestamp)
        return IncomingRetry(
            subscription: name.flatMap { core.subscription(named: $0) }, due: WallTime(milliseconds: headers.due ?? 0),
            attempts: headers.attempts ?? 0, retries: headers.retries ?? headers.attempts ?? 0,
            firstAttempt: headers.firstAttempt ?? created, created: created, isReplay: headers.replay != nil)
    }

    /// Points the shared view at a record.
    func fillView(_ record: KafkaRecord, topic: String) {
        view.show(record, topic: topic)
    }

    // MARK: Reading back

    func startChunk(_ handle: PartitionHandle, from: Int64, until: Int64) {
        guard handle.index < readings.count, let reading = readings[handle.index] else { return }
        do throws(KafkaError) {
            if let queue = reading.chunkQueue {
                if queue.position != from { try queue.seek(to: from) }
            } else {
                reading.chunkQueue = try readBack.open(reading.partition, at: from)
            }
        } catch {
            log.logger.error("cannot read back", metadata: ["partition": "\(reading.partition)", "reason": "\(error)"])
        }
        reading.chunk = (from, until)
        reading.chunkPause = nil
        hasMore = true
    }

    /// One chunk per turn, of each partition in its turn: who keeps up does not wait for all that is read for those who lag.
    func readChunks() {
        let partitions = activeReadings.count
        for i in 0..<partitions {
            let index = (nextChunk + i) % partitions
            let reading = activeReadings[index]
            guard let chunk = reading.chunk, let queue = reading.chunkQueue, !reading.isLookingUp else { continue }
            do throws(KafkaError) {
                guard try goOn(&reading.chunkPause, queue) else { continue }
                let count = try queue.read(into: readBuffer, max: Self.readSize)
                // Not that it was at the end once: this queue may have been there before there was what it is asked for now.
                let next = queue.readUpTo
                guard count > 0 || next >= chunk.until else { continue }
                let pause = fillBatch(reading, count: count, until: chunk.until)
                if let pause, batch.records.isEmpty {
                    reading.chunkPause = pause
                    continue
                }
                reading.chunk = nil
                reading.chunkIdleSince = moment.instant
                batch.isChunk = true
                batch.firstOffset = chunk.from
                batch.nextOffset = min(pause?.offset ?? next, chunk.until)
                batch.end = queue.highWatermark ?? -1
                nextChunk = index + 1
                hasMore = true
                return step(.records(batch))
            } catch {
                readFailed(reading, error, chunk: true)
            }
        }
    }

    /// A queue that nobody asks for holds what was fetched ahead.
    func closeIdleChunkQueues() {
        for reading in activeReadings where reading.chunk == nil && reading.chunkQueue != nil {
            guard moment.instant - reading.chunkIdleSince > .seconds(5) else { continue }
            reading.chunkQueue?.close()
            reading.chunkQueue = nil
        }
    }

    // MARK: Cursors

    /// The consumer group that holds a subscription's cursors. No subscription's name begins with `_`.
    func groupName(_ group: CursorGroup) -> String {
        switch group {
        case .retryTopic: "\(plan.group)._retry"
        case .subscription(let id): "\(plan.group).\(core.subscription(id).name)"
        }
    }

    private func token(_ request: KafkaRequest) -> UInt {
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

    private func offsetsTold(_ completion: GroupOffsets.Completion) {
        guard let request = requests.removeValue(forKey: completion.token) else { return }
        let failure = completion.error ?? completion.partitions.lazy.compactMap(\.error).first
        switch request {
        case .commit(let group, let sent):
            if let failure {
                log.limited("commit", .warning, "a commit failed; it will be repeated", ["group": "\(groupName(group))", "reason": "\(failure)"])
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
        for handle in handles {
            let partition = topicPartition(handle)
            if let start = renewedLogs[partition] {
                // What is stored is about a log that is gone.
                step(.startResolved(group, handle, offset: start))
            } else {
                cursorFound(group, handle, stored[partition] ?? .none)
            }
        }
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
