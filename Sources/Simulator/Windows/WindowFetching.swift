import DeliveryCore
import EventModel

// A replica reads logs, and asks where they end.
extension WindowSimulation {
    func startReading(_ handle: PartitionHandle, _ offset: Int64, _ replica: WindowReplica) {
        replica.readers[handle.index] = WindowReplica.Reader(offset: offset, epoch: (replica.readers[handle.index]?.epoch ?? 0) + 1)
    }

    func pumpAll() { for replica in replicas where replica.isUp { pump(replica) } }

    /// Fetches wherever the engine wants more and there is more.
    func pump(_ replica: WindowReplica) {
        for (index, reader) in replica.readers.sorted(by: { $0.key < $1.key }) {
            let handle = PartitionHandle(index: index)
            let log = log(of: handle, replica)
            guard !reader.isFetching, log.end > reader.offset, replica.core.wantsRecords(handle, at: now) else { continue }
            replica.readers[index]!.isFetching = true
            fetchHead(handle, reader.epoch, replica)
        }
    }

    private func fetchHead(_ handle: PartitionHandle, _ epoch: Int, _ replica: WindowReplica) {
        answer(replica, after: isDisturbed(.fetchesSlow) ? milliseconds(50...1000) : milliseconds(1...5)) { simulation in
            guard let reader = replica.readers[handle.index], reader.epoch == epoch else { return }
            if simulation.isDisturbed(.fetchesFail) { return simulation.answer(replica, after: .milliseconds(100)) { $0.fetchHead(handle, epoch, replica) } }
            replica.readers[handle.index]!.isFetching = false
            guard replica.core.wantsRecords(handle, at: simulation.now) else { return }
            let batch = simulation.fetch(handle, from: reader.offset, until: .max, bytes: simulation.scenario.fetchBytes, replica)
            replica.readers[handle.index]!.offset = batch.nextOffset
            simulation.step(replica, .records(batch))
        }
    }

    func readChunk(_ handle: PartitionHandle, _ from: Int64, _ until: Int64, _ replica: WindowReplica) {
        answer(replica, after: isDisturbed(.fetchesSlow) ? milliseconds(50...1000) : milliseconds(2...15)) { simulation in
            // Of a partition that went meanwhile nothing is read any more.
            guard replica.isHeld(handle) else { return }
            if simulation.isDisturbed(.fetchesFail) { return simulation.answer(replica, after: .milliseconds(100)) { $0.readChunk(handle, from, until, replica) } }
            let batch = simulation.fetch(handle, from: from, until: until, bytes: simulation.scenario.core.chunkBytes, replica)
            batch.isChunk = true
            batch.firstOffset = from
            simulation.step(replica, .records(batch))
        }
    }

    private func log(of handle: PartitionHandle, _ replica: WindowReplica) -> WindowLog {
        let name = replica.core.name(of: handle)
        return logs[topicIndex(name.topic)][Int(name.partition)]
    }

    /// At least one record, if there is one, and as many as fit.
    private func fetch(_ handle: PartitionHandle, from: Int64, until: Int64, bytes: Int, _ replica: WindowReplica) -> RecordBatch {
        let log = log(of: handle, replica)
        let batch = RecordBatch()
        batch.partition = handle
        batch.nextOffset = from
        batch.end = log.end
        let slots = replica.core.slots(ofTopic: replica.core.name(of: handle).topic)
        var left = bytes
        var i = log.index(of: from)
        while i < log.records.count, log.records[i].offset < until, batch.records.isEmpty || log.records[i].bytes <= left {
            let record = log.records[i]
            let wanted = slots.indices.filter { slot in
                record.defect != .unreadable && slots[slot].map { record.origin != nil || matches(replica.core.subscription($0).filters, type: record.type) } ?? false
            }
            batch.matches += wanted.map { Int32($0) }
            batch.records.append(
                IncomingRecord(
                    offset: record.offset, token: replica.keeper.lend(record, of: handle), timestamp: record.timestamp, bytes: record.bytes,
                    matches: wanted.count, poison: record.defect == .unreadable, key: record.key))
            left -= record.bytes
            batch.nextOffset = record.offset + 1
            i += 1
        }
        // A client may or may not have seen what fills a gap.
        let next = i < log.records.count ? log.records[i].offset : log.end
        if until == .max {
            if random.chance(0.5) || batch.records.isEmpty { batch.nextOffset = next }
        } else if next >= until {
            batch.nextOffset = until
        }
        return batch
    }

    /// As the bridge does, over and over: the answer is as old as the question.
    func askForEnds(_ replica: WindowReplica) {
        let asked = moment(of: replica)
        latestWall = max(latestWall, asked.wall)
        let incarnation = replica.incarnation
        if !isDisturbed(.lookupsFail) {
            answer(replica, after: milliseconds(1...50)) { simulation in
                let ends = replica.handles.sorted { $0.value.index < $1.value.index }.map { ($0.value, simulation.log(of: $0.value, replica).end) }
                simulation.answer(replica, after: simulation.milliseconds(1...50)) { simulation in
                    for (handle, end) in ends where replica.isAlive(incarnation) && replica.isHeld(handle) {
                        simulation.step(replica, .endKnown(handle, offset: end, asked: asked))
                    }
                }
            }
        }
        answer(replica, after: scenario.endInterval) { $0.askForEnds(replica) }
    }
}
