import EventModel

/// A record in the world of windows.
struct WindowRecord {
    enum Defect {
        /// Not a valid event, for nobody.
        case unreadable
        /// An event that windows cannot count.
        case uncountable
    }

    var offset: Int64 = 0
    var timestamp: WallTime
    var appended: Instant
    /// The event's own, in milliseconds.
    var time: Int64
    var group: Int
    var type: String
    var defect: Defect? = nil
    var bytes: Int

    /// Of the record's key.
    var key: UInt64 { UInt64(group) + 1 }

    /// What a subscription's windows see of it.
    func sight(_ policy: Subscription) -> WindowModel.Sight {
        if defect == .unreadable { return .poison }
        guard matches(policy.filters, type: type) else { return .nothing }
        guard let window = policy.window else { return .event(time: time, group: group) }
        if defect == .uncountable { return .poison }
        return .event(time: window.time == .event ? time : timestamp.milliseconds, group: window.groupBy.isEmpty ? 0 : group)
    }
}

/// One partition's log, with gaps between offsets.
struct WindowLog {
    private(set) var records: [WindowRecord] = []
    /// The offset of the record that is appended next.
    private(set) var end: Int64 = 0

    mutating func append(_ record: WindowRecord) {
        records.append(record)
        records[records.count - 1].offset = end
        end += 1
    }

    mutating func leaveGap(of count: Int64) { end += count }

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
