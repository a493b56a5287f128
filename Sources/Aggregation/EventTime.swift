import EventFormats
import EventModel

/// Which moment of an event decides on its window, and what moments are believed.
///
/// A time says how far the whole partition has come: one in the far future would make every window before it complete, and
/// all that comes after it late. So an event whose own time is more than `tolerance` ahead of its record's timestamp is not
/// counted at all; a clock that goes wrong by less costs no more than that.
enum EventTime {
    static let tolerance = TimeSpan.hours(1)
    /// A year before RFC 3339 ends, so that a window's end can be written.
    static let latest = WallTime(milliseconds: 253_370_764_800_000)

    static func of(_ event: Event, in record: RecordView, by time: WindowTime) throws(PoisonReason) -> WallTime {
        let arrival = record.timestamp
        guard arrival.milliseconds >= 0 else { throw PoisonReason("the record has no timestamp, which its window depends on") }
        guard arrival < latest else { throw PoisonReason("the record's timestamp is beyond the year 9998: no window can be that late") }
        guard time == .event, let text = event.time else { return arrival }
        guard let own = WallTime(rfc3339: text) else { throw PoisonReason("time is not an RFC 3339 time") }
        guard own.milliseconds >= 0 else { throw PoisonReason("time is before 1970: no window can be that early") }
        guard own <= arrival + tolerance else {
            throw PoisonReason("time is more than \(tolerance) ahead of the record's timestamp, and would make all windows until then complete")
        }
        return own
    }
}
