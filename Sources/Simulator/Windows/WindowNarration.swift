import DeliveryCore
import EventModel

// The story's words for what goes into an engine and what comes out of it; the numbers beside them go into the digest.
extension WindowSimulation {
    func narrate(_ input: Input, _ replica: WindowReplica) {
        switch input {
        case .subscriptions(let table): note(.subscriptions, replica, Int64(table.count), text: table.map(\.name).joined(separator: ", "))
        case .assigned(let names): for name in names { note(.assigned, replica, Int64(topicIndex(name.topic)), Int64(name.partition), text: words(name)) }
        case .cursorLoaded(let group, let handle, .none): note(.cursorLoaded, replica, number(group), Int64(handle.index), -1, text: "\(words(group, handle, replica)): none")
        case .cursorLoaded(let group, let handle, .committed(let offset, let metadata)):
            note(.cursorLoaded, replica, number(group), Int64(handle.index), offset, Trace.word(metadata), text: "\(words(group, handle, replica)): \(words(offset, metadata, group, replica))")
        case .startResolved(let group, let handle, let offset):
            note(.startResolved, replica, number(group), Int64(handle.index), offset, text: "\(words(group, handle, replica)): \(offset)")
        case .records(let batch):
            let offsets = batch.records.map { "@\($0.offset)" }.joined(separator: " ")
            note(.records, replica, Int64(batch.partition.index), batch.nextOffset, Int64(batch.records.count), batch.end,
                text: "\(words(batch.partition, replica)): \(offsets), next \(batch.nextOffset) of \(batch.end)\(batch.isChunk ? ", a chunk" : "")")
        case .endKnown(let handle, let offset, let asked):
            note(.endKnown, replica, Int64(handle.index), offset, asked.instant.nanoseconds, text: "\(words(handle, replica)) ended at \(offset) when the clock showed \(asked.wall.milliseconds)")
        case .attemptEnded(let id, let outcome, let duration):
            note(.attemptEnded, replica, Int64(id.index), Int64(outcome.status), duration.nanoseconds, text: "request \(id.index): \(outcome.message) after \(duration)")
        case .diverted(let id): note(.diverted, replica, Int64(id.index), text: "diversion \(id.index)")
        case .diversionFailed(let id, let failure): note(.diversionFailed, replica, Int64(id.index), text: "diversion \(id.index): \(failure)")
        case .commitEnded(let group, let succeeded, let duration):
            note(.commitEnded, replica, number(group), succeeded ? 1 : 0, duration.nanoseconds, text: "\(words(group, replica)) \(succeeded ? "succeeded" : "failed") after \(duration)")
        case .revoking(let handles): for handle in handles { note(.revoking, replica, Int64(handle.index), text: words(handle, replica)) }
        case .lost(let handles): for handle in handles { note(.lost, replica, Int64(handle.index), text: words(handle, replica)) }
        case .partitionCount(let topic, let count): note(.partitionCount, replica, Int64(count), text: "\(topic) has \(count)")
        case .pause(let id): note(.pause, replica, Int64(id.index), text: words(.subscription(id), replica))
        case .resume(let id): note(.resume, replica, Int64(id.index), text: words(.subscription(id), replica))
        case .seek(let id, let handles, let target):
            for handle in handles { note(.seek, replica, Int64(id.index), Int64(handle.index), text: "\(words(.subscription(id), handle, replica)) to \(target)") }
        case .tick: note(.tick, replica)
        case .outOfRange, .suspend, .allowedRate, .membershipDoubted, .membershipSettled: preconditionFailure("does not happen here")
        }
    }

    func narrate(_ effect: Effect, _ replica: WindowReplica) {
        switch effect {
        case .loadCursors(let group, let handles): for handle in handles { note(.loadCursors, replica, number(group), Int64(handle.index), text: words(group, handle, replica)) }
        case .resolveStart(let group, let handle, let position): note(.resolveStart, replica, number(group), Int64(handle.index), text: "\(words(group, handle, replica)): \(position)")
        case .startReading(let handle, let offset): note(.startReading, replica, Int64(handle.index), offset, text: "\(words(handle, replica)) from \(offset)")
        case .readChunk(let handle, let from, let until): note(.readChunk, replica, Int64(handle.index), from, until, text: "\(words(handle, replica)) from \(from) until \(until)")
        case .attempt(let id):
            let delivery = replica.core.delivery(id)
            note(.attempt, replica, Int64(id.index), Int64(delivery.count), Int64(delivery.attempt),
                text: "request \(id.index), attempt \(delivery.attempt): \((0..<delivery.count).map { words(replica.core.item($0, of: delivery), replica) }.joined(separator: "; "))")
        case .cancel(let id): note(.cancel, replica, Int64(id.index), text: "request \(id.index)")
        case .divert(let id):
            let view = replica.core.diversion(id)
            note(.divert, replica, Int64(id.index), view.item.offset, text: "diversion \(id.index) to \(view.target) as \(view.kind.map { "\($0)" } ?? "-"): \(words(view.item, replica))")
        case .commit(let group, let commits):
            for commit in commits {
                note(.commit, replica, number(group), Int64(commit.partition.partition), commit.offset, Trace.word(commit.metadata),
                    text: "\(words(group, replica)) on \(words(commit.partition)): \(words(commit.offset, commit.metadata, group, replica))")
            }
        case .release(let token): note(.release, replica, Int64(token.bits), text: replica.keeper[token].map(words) ?? "a record that is not lent")
        case .released(let handle): note(.released, replica, Int64(handle.index), text: words(handle, replica))
        case .report(let report): note(.report, replica, text: "\(report)")
        }
    }

    private func number(_ group: CursorGroup) -> Int64 { if case .subscription(let id) = group { Int64(id.index) } else { -1 } }

    private func words(_ name: TopicPartitionName) -> String { "\(name.topic)-\(name.partition)" }

    private func words(_ handle: PartitionHandle, _ replica: WindowReplica) -> String { words(replica.core.name(of: handle)) }

    private func words(_ group: CursorGroup, _ replica: WindowReplica) -> String {
        if case .subscription(let id) = group { replica.core.subscription(id).name } else { "retry topic" }
    }

    private func words(_ group: CursorGroup, _ handle: PartitionHandle, _ replica: WindowReplica) -> String { "\(words(group, replica)) on \(words(handle, replica))" }

    private func words(_ offset: Int64, _ metadata: String, _ group: CursorGroup, _ replica: WindowReplica) -> String {
        guard case .subscription(let id) = group else { return "\(offset)" }
        let places = replica.core.subscription(id).window.map { WindowModel.places($0.shape) }
        return WindowClaim(offset, metadata, places: places)?.description ?? "\(offset) and \(metadata), which cannot be read"
    }

    private func words(_ item: ItemView, _ replica: WindowReplica) -> String {
        "\(words(item.partition, replica)) \(replica.keeper[item.token].map(words) ?? "@\(item.offset), which is not lent")"
    }

    private func words(_ loan: RecordKeeper.Loan) -> String {
        switch loan {
        case .record(let record, _): "@\(record.offset)"
        case .window(let held, let bounds): "window \(bounds.start.milliseconds)..<\(bounds.end.milliseconds) of group \(held.group) with \(held.offsets)"
        }
    }
}
