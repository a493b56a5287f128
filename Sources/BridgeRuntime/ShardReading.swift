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
    /// The next record (of the head, of the chunk) needs a schema that is being looked up.
    var pause: ShardSchemas.Pause? = nil
    var chunkPause: ShardSchemas.Pause? = nil
    /// Behind the last record of the head that the engine knows.
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

// Records from Kafka to the engine: the head of the log, and what lagging cursors read back.
extension Shard {
    // MARK: The head of the log

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
            guard let queue = reading.queue, !reading.isLookingUp, core.wantsRecords(reading.handle, at: moment.instant) else { continue }
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
        noteRenewed(reading.partition, start: start)
        step(.lost([handle]))
        forget(handle)
        assigned([reading.partition])
    }

    func sayRenewed(_ partition: TopicPartition, _ position: Int64, _ end: Int64, _ more: Logger.Metadata = [:]) {
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
}
