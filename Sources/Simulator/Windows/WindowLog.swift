import DeliveryCore
import EventModel

/// A record in the world of windows.
struct WindowRecord {
    enum Defect {
        /// Not a valid event, for nobody.
        case unreadable
        /// An event that windows cannot count.
        case uncountable
    }

    /// How far one partition of the source is, as the log says it.
    struct SourceState: Equatable {
        var next: Int64? = nil
        var watermark: Int64? = nil
        var isIdle = false
    }

    /// Of a repartition topic.
    struct Origin {
        var place: SourcePlace
        /// It is an event that was not there before, nor passed over.
        var isCounted: Bool
        /// What is known of all sources when this was read.
        var known: [SourceState]

        var areAllIdle: Bool { known.allSatisfy(\.isIdle) }

        /// The time that all have come to but those that are idle; nil when one has not said.
        var watermark: Int64? {
            let times = known.filter { !$0.isIdle }.map { $0.next == nil ? nil : $0.watermark }
            return times.contains(nil) ? nil : times.compactMap(\.self).min()
        }
    }

    var offset: Int64 = 0
    var origin: Origin? = nil
    var timestamp: WallTime
    var appended: Instant
    /// The event's own, in milliseconds.
    var time: Int64
    var group: Int
    var type: String
    var defect: Defect? = nil
    var bytes: Int
    /// The same for records that are the same event; 0 for none.
    var identity: UInt64 = 0

    /// Of the record's key.
    var key: UInt64 { UInt64(group) + 1 }

    /// What a subscription's windows see of it.
    func sight(_ policy: Subscription) -> WindowModel.Sight {
        if let origin, !origin.isCounted { return .nothing }
        return content(policy)
    }

    /// What it is.
    func content(_ policy: Subscription) -> WindowModel.Sight {
        if origin?.place.isMark ?? false { return .nothing }
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
