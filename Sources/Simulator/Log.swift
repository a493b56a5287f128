import EventModel

/// The bookkeeping that travels in a retry record's headers.
struct RetryHeaders {
    var subscription: String
    var due: WallTime
    var attempts: Int
    var retries: Int
    var firstAttempt: WallTime
    var created: WallTime
}

struct SimulatedRecord {
    var offset: Int64
    var timestamp: WallTime
    var bytes: Int
    /// The source event, also of retry records and dead letters.
    var event: EventKey
    /// Its CloudEvents `type`, which filters look at.
    var type: String
    /// Of the record; 0 for none.
    var key: UInt64
    /// The same for records that are the same event; 0 for none.
    var identity: UInt64 = 0
    /// Not a valid event.
    var poison: Bool
    /// An event, but not to be sent to those whose filters it matches.
    var isRejected = false
    var retry: RetryHeaders? = nil

    /// A dead letter of whoever it concerns.
    var isPoison: Bool { poison || isRejected }
}

/// One partition's log, with the gaps between offsets that transactions and compaction leave.
struct SimulatedLog {
    private(set) var records: [SimulatedRecord] = []
    /// The offset of the record that is appended next, or beyond it after a gap.
    private(set) var end: Int64 = 0
    /// Everything before it was deleted.
    private(set) var start: Int64 = 0

    mutating func append(_ record: SimulatedRecord) -> Int64 {
        var record = record
        record.offset = end
        if record.retry == nil, record.event.offset < 0 { record.event.offset = end }
        records.append(record)
        end += 1
        return record.offset
    }

    mutating func delete(before offset: Int64) {
        records.removeFirst(index(of: offset))
        start = max(start, offset)
    }

    /// Leaves gaps in the midst; the last record stays.
    mutating func delete(where isSuperseded: (SimulatedRecord) -> Bool) {
        guard let last = records.popLast() else { return }
        records.removeAll(where: isSuperseded)
        records.append(last)
    }

    mutating func leaveGap(of count: Int64) { end += count }

    /// Nil in a gap, and for what was deleted.
    func record(at offset: Int64) -> SimulatedRecord? {
        let i = index(of: offset)
        return i < records.count && records[i].offset == offset ? records[i] : nil
    }

    /// Index of the first record at or after the offset.
    func index(of offset: Int64) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if records[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
