import EventModel

/// Index of a record in the table of those the engine refers to.
typealias RecordIndex = Int32

/// The records the engine refers to, with how often: in a ring, in a cursor's queue, in a delivery.
///
/// Slots are reused, so taking in a record allocates nothing once the table has grown to its working size.
struct RecordTable {
    struct Entry {
        var token: RecordToken
        var timestamp: WallTime
        var arrived: Instant
        var bytes: Int32
        var references: Int32
        /// Attached cursors that have it in their queue; the ring keeps it at least for them.
        var waiters: Int32
        var poison: Bool
        /// Of the record's key; 0 for none.
        var key: UInt64
    }

    private(set) var entries = ContiguousArray<Entry>()
    private var free = ContiguousArray<RecordIndex>()
    /// Bytes of all records with at least one reference.
    private(set) var bytes = 0

    /// Takes a record in with one reference, the caller's.
    mutating func insert(_ record: IncomingRecord, arrived: Instant) -> RecordIndex {
        let entry = Entry(
            token: record.token, timestamp: record.timestamp, arrived: arrived, bytes: Int32(clamping: record.bytes),
            references: 1, waiters: 0, poison: record.poison, key: record.key)
        bytes += record.bytes
        if let index = free.popLast() {
            entries[Int(index)] = entry
            return index
        }
        entries.append(entry)
        return RecordIndex(entries.count - 1)
    }

    subscript(_ index: RecordIndex) -> Entry { entries[Int(index)] }

    mutating func retain(_ index: RecordIndex) { entries[Int(index)].references += 1 }

    mutating func addWaiter(_ index: RecordIndex, _ delta: Int32) { entries[Int(index)].waiters += delta }

    /// Gives one reference back; the token when it was the last.
    mutating func release(_ index: RecordIndex) -> RecordToken? {
        precondition(entries[Int(index)].references > 0, "a record was released more often than it was retained")
        entries[Int(index)].references -= 1
        guard entries[Int(index)].references == 0 else { return nil }
        bytes -= Int(entries[Int(index)].bytes)
        free.append(index)
        return entries[Int(index)].token
    }
}
