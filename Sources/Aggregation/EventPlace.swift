import EventModel

/// Where an event stands among those of its partition: by the window's time, then by offset.
struct EventPlace: Comparable {
    var time: WallTime
    var offset: Int64

    static func < (a: EventPlace, b: EventPlace) -> Bool { (a.time, a.offset) < (b.time, b.offset) }
}
