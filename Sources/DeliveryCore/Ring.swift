import DequeModule

/// The recent records of one partition that matched somebody, oldest first.
///
/// It covers all offsets from `coverStart` up to where the partition has been read: a record in that range which is not
/// here matched nobody. Cursors that keep up take their events from here.
struct Ring {
    struct Entry {
        var offset: Int64
        var record: RecordIndex
        /// Where its matches begin, counted since the ring was made.
        var matchStart: Int
        var matchCount: Int
    }

    private(set) var entries = Deque<Entry>()
    private var matches = Deque<Int32>()
    private var matchesDropped = 0
    /// Everything from here on is in the ring or matched nobody.
    private(set) var coverStart: Int64
    private(set) var bytes = 0

    init(coverStart: Int64) { self.coverStart = coverStart }

    mutating func append(offset: Int64, record: RecordIndex, bytes: Int, matches slots: ArraySlice<Int32>) {
        entries.append(
            Entry(offset: offset, record: record, matchStart: matchesDropped + matches.count, matchCount: slots.count))
        matches.append(contentsOf: slots)
        self.bytes += bytes
    }

    func matched(_ entry: Entry, at i: Int) -> Int32 { matches[entry.matchStart - matchesDropped + i] }

    func contains(_ slot: Int32, in entry: Entry) -> Bool {
        for i in 0..<entry.matchCount where matched(entry, at: i) == slot { return true }
        return false
    }

    /// Forgets the oldest record; what lies before the next offset is no longer covered.
    mutating func removeFirst(bytes: Int) -> Entry {
        let entry = entries.removeFirst()
        matches.removeFirst(entry.matchCount)
        matchesDropped += entry.matchCount
        coverStart = entry.offset + 1
        self.bytes -= bytes
        return entry
    }

    /// Starts over at another offset. The caller has released the records.
    mutating func reset(coverStart: Int64) {
        entries.removeAll()
        matches.removeAll()
        matchesDropped = 0
        bytes = 0
        self.coverStart = coverStart
    }
}
