import EventModel

// An event that came before is dropped where its subscription says so (`deduplicate`). What a cursor came by it remembers; after
// a restart it reads that part of the log again, in which all is settled, before it comes to its first event.
extension DeliveryCore {
    /// A record that matches, in its turn. One that was settled before the restart is only remembered.
    mutating func offer(_ cursor: Cursor, _ offset: Int64, _ record: RecordIndex) {
        if !cursor.wasSettled(offset) { return enqueue(cursor, offset, record) }
        guard cursor.memory != nil else { return }
        // In its place among those that wait.
        if cursor.pending.isEmpty { _ = see(record, offset, cursor) } else { enqueue(cursor, offset, record) }
    }

    /// Those at the beginning of the queue that are settled.
    mutating func passSettled(_ cursor: Cursor, _ state: SubscriptionState) {
        guard cursor.memory != nil, cursor.pending.first.map({ cursor.wasSettled($0.offset) }) ?? false else { return }
        while let next = cursor.pending.first, cursor.wasSettled(next.offset) {
            _ = see(next.record, next.offset, cursor)
            state.counters.routed -= 1
            release(popPending(of: cursor, state).record)
        }
        updateHunger(cursor)
    }

    /// Whether a record that is being taken is a repeat, which is reported.
    mutating func isRepeat(_ record: RecordIndex, _ offset: Int64, _ cursor: Cursor, _ state: SubscriptionState) -> Bool {
        guard cursor.memory != nil, see(record, offset, cursor) else { return false }
        state.counters.repeats += 1
        report(.repeatDropped(state.id, cursor.partition.name, offset: offset))
        return true
    }

    private mutating func see(_ record: RecordIndex, _ offset: Int64, _ cursor: Cursor) -> Bool {
        let entry = records[record]
        guard !entry.poison, let state = cursor.subscription else { return false }
        guard let identities else { preconditionFailure("somebody tells what events are the same") }
        guard let identity = identities.identity(of: entry.token, of: cursor.partition.handle, for: state.id) else { return false }
        let evictions = cursor.memory!.evictions
        let isRepeat = cursor.memory!.see(identity, at: offset, time: entry.timestamp.milliseconds, now: now.wall.milliseconds)
        state.counters.identitiesForgotten += cursor.memory!.evictions - evictions
        return isRepeat
    }

    /// Of a cursor that waits for nothing: time goes on, also with events that do not match.
    func forgetOld(_ cursor: Cursor) {
        guard cursor.memory != nil, cursor.isAttached, cursor.pending.isEmpty, !cursor.holdsEvents else { return }
        cursor.memory!.pass(cursor.position, time: min(cursor.partition.latest, now.wall).milliseconds)
    }
}
