import DeliveryCore
import EventModel

// The story's words for what goes into an engine and what comes out of it.
extension Simulation {
    func narrate(_ input: Input, _ replica: Replica) {
        switch input {
        case .subscriptions(let table):
            note(.subscriptions, replica, Int64(table.count), Trace.word(table.map { $0.name + $0.description }.joined()), text: table.map { "\($0.name) (\($0.description))" }.joined(separator: ", "))
        case .assigned(let names):
            for name in names { note(.assigned, replica, word(name), text: words(name)) }
        case .cursorLoaded(let group, let handle, .none):
            note(.cursorLoaded, replica, word(group), word(handle), -1, text: "\(words(group, handle, replica)): none")
        case .cursorLoaded(let group, let handle, .committed(let offset, let metadata)):
            note(
                .cursorLoaded, replica, word(group), word(handle), offset, Trace.word(metadata),
                text: "\(words(group, handle, replica)): \(words(offset, metadata))")
        case .startResolved(let group, let handle, let offset):
            note(.startResolved, replica, word(group), word(handle), offset, text: "\(words(group, handle, replica)): \(offset)")
        case .records(let batch):
            note(
                .records, replica, word(batch.partition), batch.nextOffset, Int64(batch.records.count), batch.end,
                text: "\(words(batch.partition, replica)): \(words(batch)), next \(batch.nextOffset) of \(batch.end)\(batch.isChunk ? ", a chunk" : "")")
        case .outOfRange(let handle, let start, let isChunk):
            note(.outOfRange, replica, word(handle), start, isChunk ? 1 : 0, text: "\(words(handle, replica)) begins at \(start)")
        case .endKnown(let handle, let offset, _):
            note(.endKnown, replica, word(handle), offset, text: "\(words(handle, replica)) ends at \(offset)")
        case .attemptEnded(let id, let outcome, let duration):
            note(
                .attemptEnded, replica, Int64(id.index), Int64(outcome.status), duration.nanoseconds, Int64(outcome.failedEvents.count),
                text: "request \(id.index): \(outcome.message) after \(duration)\(words(outcome.failedEvents))\(outcome.retryAfter.map { ", Retry-After \($0)" } ?? "")")
        case .diverted(let id): note(.diverted, replica, Int64(id.index), text: "diversion \(id.index)")
        case .diversionFailed(let id, let failure):
            note(.diversionFailed, replica, Int64(id.index), failure == .tooLarge ? 1 : 0, text: "diversion \(id.index): \(failure)")
        case .commitEnded(let group, let succeeded, let duration):
            note(
                .commitEnded, replica, word(group), succeeded ? 1 : 0, duration.nanoseconds,
                text: "\(words(group, replica)) \(succeeded ? "succeeded" : "failed") after \(duration)")
        case .revoking(let handles):
            for handle in handles { note(.revoking, replica, word(handle), text: words(handle, replica)) }
        case .lost(let handles):
            for handle in handles { note(.lost, replica, word(handle), text: words(handle, replica)) }
        case .partitionCount(let topic, let count):
            note(.partitionCount, replica, Trace.word(topic), Int64(count), text: "\(topic) has \(count)")
        case .pause(let id): note(.pause, replica, Int64(id.index), text: words(.subscription(id), replica))
        case .resume(let id): note(.resume, replica, Int64(id.index), text: words(.subscription(id), replica))
        case .suspend(let id, let reason):
            note(.suspend, replica, Int64(id.index), text: "\(words(.subscription(id), replica)): \(reason)")
        case .allowedRate(let id, let limit):
            note(
                .allowedRate, replica, Int64(id.index), Int64((limit?.perSecond ?? 0) * 1000),
                text: "\(words(.subscription(id), replica)): \(limit.map { "\($0.perSecond) a second" } ?? "any rate")")
        case .seek(let id, let handles, let target):
            for handle in handles {
                note(
                    .seek, replica, Int64(id.index), word(handle), Trace.word("\(target)"),
                    text: "\(words(.subscription(id), handle, replica)) to \(target)")
            }
        case .membershipDoubted: note(.membershipDoubted, replica)
        case .membershipSettled: note(.membershipSettled, replica)
        case .tick: note(.tick, replica)
        }
    }

    func narrate(_ effect: Effect, _ replica: Replica) {
        switch effect {
        case .loadCursors(let group, let handles):
            for handle in handles { note(.loadCursors, replica, word(group), word(handle), text: words(group, handle, replica)) }
        case .resolveStart(let group, let handle, let position):
            note(.resolveStart, replica, word(group), word(handle), text: "\(words(group, handle, replica)) from \(position)")
        case .startReading(let handle, let offset):
            note(.startReading, replica, word(handle), offset, text: "\(words(handle, replica))@\(offset)")
        case .readChunk(let handle, let from, let until):
            note(.readChunk, replica, word(handle), from, until, text: "\(words(handle, replica))@\(from) until \(until)")
        case .attempt(let id):
            let delivery = replica.core.delivery(id)
            note(
                .attempt, replica, Int64(id.index), Int64(delivery.count), delivery.count > 0 ? replica.core.item(0, of: delivery).offset : -1, Int64(delivery.attempt),
                text: "request \(id.index) to \(words(.subscription(delivery.subscription), replica)): \(words(delivery, replica)), attempt \(delivery.attempt)")
        case .cancel(let id): note(.cancel, replica, Int64(id.index), text: "request \(id.index)")
        case .divert(let id):
            let view = replica.core.diversion(id)
            note(
                .divert, replica, Int64(id.index), word(view.item.partition), view.item.offset, Int64(view.retries),
                text: "diversion \(id.index): \(words(view.item, replica)) of \(view.subscription.map { words(.subscription($0), replica) } ?? "nobody") to \(words(view.target)), after \(view.attempts) attempts: \(view.message)")
        case .commit(let group, let commits):
            for commit in commits {
                note(
                    .commit, replica, word(group), word(commit.partition), commit.offset, Trace.word(commit.metadata),
                    text: "\(words(group, replica)) on \(words(commit.partition)): \(words(commit.offset, commit.metadata))")
            }
        case .release(let token):
            note(.release, replica, Int64(token.bits), text: replica.tokens[token].map { "\(words($0.partition))@\($0.offset)" } ?? "a record that is not lent")
        case .released(let handle): note(.released, replica, word(handle), text: words(handle, replica))
        case .report(let report): note(.report, replica, text: words(report, replica))
        }
    }

    // MARK: For the digest

    private func word(_ handle: PartitionHandle) -> Int64 { Int64(handle.index) }

    private func word(_ group: CursorGroup) -> Int64 {
        switch group {
        case .retryTopic: -1
        case .subscription(let id): Int64(id.index)
        }
    }

    private func word(_ name: TopicPartitionName) -> Int64 { Int64(topicIndex(name.topic)) << 32 | Int64(name.partition) }

    // MARK: For people

    private func words(_ name: TopicPartitionName) -> String { "\(name.topic)-\(name.partition)" }

    private func words(_ handle: PartitionHandle, _ replica: Replica) -> String { words(replica.core.name(of: handle)) }

    func words(_ group: CursorGroup, _ replica: Replica) -> String {
        switch group {
        case .retryTopic: "retry topic's cursor"
        case .subscription(let id): replica.core.subscription(id).name
        }
    }

    private func words(_ group: CursorGroup, _ handle: PartitionHandle, _ replica: Replica) -> String {
        "\(words(group, replica)) on \(words(handle, replica))"
    }

    private func words(_ offset: Int64, _ metadata: String) -> String {
        guard !metadata.isEmpty else { return "\(offset)" }
        guard let ranges = CursorMetadata.decode(base: offset, metadata) else { return "\(offset) and \(metadata), which cannot be read" }
        return ranges.isEmpty ? "\(offset)" : "\(offset) and " + ranges.map { "\($0)" }.joined(separator: " ")
    }

    private func words(_ batch: RecordBatch) -> String {
        guard let first = batch.records.first, let last = batch.records.last else { return "nothing" }
        return batch.records.count == 1 ? "@\(first.offset)" : "@\(first.offset) to \(last.offset)"
    }

    private func words(_ events: [AttemptOutcome.FailedEvent]) -> String {
        events.isEmpty ? "" : ", but not for " + events.map { "\($0.index)\($0.retry ? "" : " (for good)")" }.joined(separator: " ")
    }

    private func words(_ item: ItemView, _ replica: Replica) -> String { "\(words(item.partition, replica))@\(item.offset)" }

    private func words(_ delivery: Delivery, _ replica: Replica) -> String {
        (0..<delivery.count).map { words(replica.core.item($0, of: delivery), replica) }.joined(separator: " ")
    }

    private func words(_ target: DiversionView.Target) -> String {
        switch target {
        case .deadLetter: "the dead letters"
        case .retry(let partition, let due): "the retry topic's \(partition), due \(due - moment.wall) from now"
        }
    }

    private func words(_ report: Report, _ replica: Replica) -> String {
        func name(_ id: SubscriptionID?) -> String { id.map { words(.subscription($0), replica) } ?? "retry topic" }
        return switch report {
        case .circuitOpened(let id, let reason): "\(name(id)): circuit opened, \(reason)"
        case .circuitClosed(let id): "\(name(id)): circuit closed"
        case .suspended(let id, let reason): "\(name(id)): suspended, \(reason)"
        case .deadLettered(let id, let kind, _, let reason): "\(name(id)): dead-lettered, \(kind), \(reason)"
        case .dropped(let id, let kind, _, let reason): "\(name(id)): dropped, \(kind), \(reason)"
        case .repeatDropped(let id, let partition, let offset): "\(name(id)): \(partition.topic)-\(partition.partition)@\(offset) is dropped, it came before"
        case .keyHeld(let id, let partition, let offset, let reason): "\(name(id)): the key of \(partition.topic)-\(partition.partition)@\(offset) is held, \(reason)"
        case .diversionFailed(let id, _, let reason): "\(name(id)): diversion failed, \(reason)"
        case .recordsLost(let id, let partition, let count): "\(name(id)): \(count) records of \(words(partition)) lost"
        case .drainTimedOut(let partition, let inFlight): "\(words(partition)): drained no further, \(inFlight) in flight"
        case .cursorFull(let id, let partition): "\(name(id)): cursor on \(words(partition)) is full"
        case .setAside(let id, let handles): "\(name(id)): what waits is set aside, \(handles.map { words($0, replica) }.joined(separator: " "))"
        case .cursorPlaced(let id, let partition, let offset): "\(name(id)): cursor on \(words(partition)) placed at \(offset)"
        case .badMetadata(let id, let partition): "\(name(id)): metadata of \(words(partition)) not understood"
        }
    }
}
