import DeliveryCore
import EventModel

// A replica reads logs: the heads as long as its engine wants more, and chunks for cursors that lag.
extension Simulation {
    func startReading(_ handle: PartitionHandle, _ offset: Int64, _ replica: Replica) {
        if let i = replica.readers.firstIndex(where: { $0.handle == handle }) {
            replica.readers[i].isLookingUp = false
            replica.readers[i].offset = offset
            replica.readers[i].epoch += 1
            replica.readers[i].isFetching = false
            replica.readers[i].waiting = nil
        } else {
            replica.readers.append(Replica.Reader(handle: handle, offset: offset))
        }
    }

    func pumpAll() { for replica in replicas where replica.isUp { pump(replica) } }

    /// Fetches wherever the engine wants more and there is more.
    func pump(_ replica: Replica) {
        guard !replica.isStandingStill else { return }
        judgeReading(replica)
        for reader in replica.readers where !reader.isFetching && !reader.isLookingUp && replica.core.wantsRecords(reader.handle, at: now) {
            let name = replica.core.name(of: reader.handle)
            let topic = topicIndex(name.topic)
            let log = broker.log(topic, name.partition)
            guard reader.waiting != nil || log.end > reader.offset || log.start > reader.offset else { continue }
            let i = replica.readers.firstIndex { $0.handle == reader.handle }!
            replica.readers[i].isFetching = true
            let epoch = reader.epoch
            let span = reader.waiting != nil ? .zero : broker.isDisturbed(.fetchesSlow, at: now) ? milliseconds(50...1000) : milliseconds(1...5)
            answer(replica, after: span) { simulation in
                guard let i = replica.readers.firstIndex(where: { $0.handle == reader.handle && $0.epoch == epoch }) else { return }
                replica.readers[i].isFetching = false
                if replica.readers[i].waiting == nil {
                    if simulation.broker.isDisturbed(.fetchesFail, at: simulation.now) {
                        replica.readers[i].isFetching = true
                        return simulation.answer(replica, after: .milliseconds(100)) { simulation in
                            guard let i = replica.readers.firstIndex(where: { $0.handle == reader.handle && $0.epoch == epoch }) else { return }
                            replica.readers[i].isFetching = false
                            simulation.pump(replica)
                        }
                    }
                    if simulation.broker.log(topic, name.partition).start > replica.readers[i].offset {
                        replica.readers[i].isLookingUp = true
                        return simulation.lookUpBounds(reader.handle, topic, name.partition, chunk: false, replica)
                    }
                }
                let fetched =
                    replica.readers[i].waiting
                    ?? simulation.fetch(topic, name.partition, from: replica.readers[i].offset, until: .max, bytes: simulation.scenario.fetchBytes)
                guard replica.core.wantsRecords(reader.handle, at: simulation.now) else {
                    replica.readers[i].waiting = fetched
                    return
                }
                replica.readers[i].waiting = nil
                replica.readers[i].offset = fetched.nextOffset
                simulation.deliver(fetched, from: nil, reader.handle, name, replica)
            }
        }
    }

    func readChunk(_ handle: PartitionHandle, _ from: Int64, _ until: Int64, _ replica: Replica) {
        let name = replica.core.name(of: handle)
        let topic = topicIndex(name.topic)
        let span = broker.isDisturbed(.fetchesSlow, at: now) ? milliseconds(50...1000) : milliseconds(2...15)
        answer(replica, after: span) { $0.fetchChunk(handle, name, topic, from, until, replica) }
    }

    private func fetchChunk(_ handle: PartitionHandle, _ name: TopicPartitionName, _ topic: Int, _ from: Int64, _ until: Int64, _ replica: Replica) {
        // Of a partition that went meanwhile nothing is read any more.
        guard replica.readers.contains(where: { $0.handle == handle }) else { return }
        if broker.isDisturbed(.fetchesFail, at: now) {
            return answer(replica, after: .milliseconds(100)) { $0.fetchChunk(handle, name, topic, from, until, replica) }
        }
        if broker.log(topic, name.partition).start > from { return lookUpBounds(handle, topic, name.partition, chunk: true, replica) }
        deliver(fetch(topic, name.partition, from: from, until: until, bytes: replica.options.chunkBytes), from: from, handle, name, replica)
    }

    /// The log begins later than was thought.
    private func lookUpBounds(_ handle: PartitionHandle, _ topic: Int, _ partition: Int32, chunk: Bool, _ replica: Replica) {
        answer(replica, after: milliseconds(1...30)) { simulation in
            guard let i = replica.readers.firstIndex(where: { $0.handle == handle }) else { return }
            if simulation.broker.isDisturbed(.lookupsFail, at: simulation.now) {
                return simulation.answer(replica, after: .seconds(1)) { $0.lookUpBounds(handle, topic, partition, chunk: chunk, replica) }
            }
            if !chunk { replica.readers[i].isLookingUp = false }
            simulation.step(replica.index, .outOfRange(handle, logStart: simulation.broker.log(topic, partition).start, chunk: chunk))
        }
    }

    /// At least one record, if there is one, and as many as fit.
    private func fetch(_ topic: Int, _ partition: Int32, from: Int64, until: Int64, bytes: Int) -> Replica.Fetched {
        let log = broker.log(topic, partition)
        var fetched = Replica.Fetched(records: [], nextOffset: from, end: log.end)
        var left = bytes
        var i = log.index(of: from)
        while i < log.records.count, log.records[i].offset < until, fetched.records.isEmpty || log.records[i].bytes <= left {
            left -= log.records[i].bytes
            fetched.records.append(log.records[i])
            fetched.nextOffset = log.records[i].offset + 1
            i += 1
        }
        // A client may or may not have seen what fills a gap.
        let next = i < log.records.count ? log.records[i].offset : log.end
        if until == .max {
            if random.chance(0.5) || fetched.records.isEmpty { fetched.nextOffset = next }
        } else if next >= until {
            fetched.nextOffset = until
        }
        return fetched
    }

    private func deliver(_ fetched: Replica.Fetched, from: Int64?, _ handle: PartitionHandle, _ name: TopicPartitionName, _ replica: Replica) {
        let batch = RecordBatch()
        batch.partition = handle
        batch.isChunk = from != nil
        batch.firstOffset = from ?? 0
        batch.nextOffset = fetched.nextOffset
        batch.end = fetched.end
        let slots = replica.core.slots(ofTopic: name.topic)
        for record in fetched.records {
            var count = 0
            if !record.poison {
                for (slot, id) in slots.enumerated() {
                    guard let id, matches(replica.core.subscription(id).filters, type: record.type) else { continue }
                    batch.matches.append(Int32(slot))
                    count += 1
                }
            }
            if let retry = record.retry {
                batch.retries.append(
                    IncomingRetry(
                        subscription: replica.core.subscription(named: retry.subscription), due: retry.due, attempts: retry.attempts,
                        retries: retry.retries, firstAttempt: retry.firstAttempt, created: retry.created))
            }
            batch.records.append(
                IncomingRecord(
                    offset: record.offset, token: replica.tokens.lend(record, of: name, at: now), timestamp: record.timestamp, bytes: record.bytes,
                    matches: record.retry == nil ? count : 0,
                    // As long as it matches nobody, nobody asks whether it conforms.
                    poison: record.poison || record.isRejected && record.retry == nil && count > 0,
                    key: record.key))
        }
        if replica.core.isRetryTopic(handle) { batch.matches.removeAll() }
        step(replica.index, .records(batch))
    }
}
