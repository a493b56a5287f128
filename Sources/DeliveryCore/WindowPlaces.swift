/// What is settled of the windows of one cursor, and from where on the log is needed to compute the rest again.
///
/// A window's *place* is the offset of its first event, times the number of windows that one event may be in, plus which of
/// those it is. Late and poison events, which stand alone, have places too.
///
/// The cursor may be as far as the first event of all windows that could not be told from unsettled ones otherwise. With
/// `endsBefore` being the least end of those that are complete and not settled (or what the watermark has closed, if there
/// are none), that is: of all that are not settled, and of the settled ones that do not end before that. The former have to be
/// computed again, the latter to be recognized, which takes all of their events. What ends before that is settled and may be
/// computed from a part of its events, as nothing comes of it.
struct WindowPlaces {
    enum State { case open, complete, settled, absorbed }

    private struct Entry {
        var place: Int64
        /// Its own; of several settled ones side by side, that of the last.
        var lastPlace: Int64
        /// Of complete and settled ones; of several, the greatest.
        var end: Int64
        /// Before its first event.
        var watermark: Int64
        var state: State
    }

    /// By place.
    private var entries: ContiguousArray<Entry> = []
    /// Settled or absorbed ones among them.
    private var done = 0
    /// Beyond all places that were taken.
    private var next: Int64 = 0
    /// Windows that end before this were settled when the cursor was loaded, and those in these places.
    private var settledBefore = WindowClock.noTime
    private var settledPlaces: ContiguousArray<Range<Int64>> = []
    /// Runs in the metadata written last, and what was settled since: no more runs than that can have come of it.
    private var runs = 0
    private var settledSinceWritten = 0

    mutating func enter(_ place: Int64, _ state: State, end: Int64, watermark: Int64) {
        precondition(place >= next, "places are taken in order")
        next = place + 1
        if state == .settled { done += 1 }
        entries.append(Entry(place: place, lastPlace: place, end: end, watermark: watermark, state: state))
    }

    /// It was one with another window, which began before it.
    mutating func absorb(_ place: Int64) {
        entries[index(of: place)].state = .absorbed
        done += 1
    }

    /// The window is complete. False when it was settled before the cursor was loaded.
    mutating func complete(_ place: Int64, end: Int64) -> Bool {
        let index = index(of: place)
        entries[index].end = end
        let wasSettled = wasSettled(place, end: end)
        entries[index].state = wasSettled ? .settled : .complete
        if wasSettled { done += 1 }
        return !wasSettled
    }

    mutating func settle(_ place: Int64) {
        entries[index(of: place)].state = .settled
        done += 1
        settledSinceWritten += 1
    }

    /// Windows and lone events that are not settled.
    var unsettledCount: Int { entries.count { $0.state == .open || $0.state == .complete } }

    private func index(of place: Int64) -> Int {
        let i = entries.firstIndex(after: { $0.place < place })
        precondition(i < entries.count && entries[i].place == place, "a place is settled once, after it was taken")
        return i
    }

    // MARK: Settled before the cursor was loaded

    /// Whether windows that end there were all settled.
    func wereSettled(end: Int64) -> Bool { end < settledBefore }

    func wasSettled(_ place: Int64, end: Int64) -> Bool { wereSettled(end: end) || isInSettledPlaces(place) }

    private func isInSettledPlaces(_ place: Int64) -> Bool {
        let i = settledPlaces.firstIndex(after: { $0.upperBound <= place })
        return i < settledPlaces.count && settledPlaces[i].contains(place)
    }

    // MARK: How far the cursor may be

    /// The least end that an unsettled window has or may yet have, open ones left aside: those end later.
    private func endsBefore(_ closedBefore: Int64) -> Int64 {
        var end = max(settledBefore, closedBefore)
        for entry in entries where entry.state == .complete && entry.end < end { end = entry.end }
        return end
    }

    private static func isForgotten(_ entry: Entry, _ endsBefore: Int64) -> Bool {
        entry.state == .absorbed || (entry.state == .settled && entry.end < endsBefore)
    }

    /// The place from which on the log is needed; nil when nothing before where it is read.
    func first(closedBefore: Int64) -> Int64? {
        let endsBefore = endsBefore(closedBefore)
        return entries.first { !Self.isForgotten($0, endsBefore) }?.place
    }

    /// Settled ones side by side become one entry, and those that need not be recognized any more go. Now and then: as many
    /// have come since as there were.
    mutating func compact(closedBefore: Int64) {
        guard done > 64, done > entries.count / 2 else { return }
        let endsBefore = endsBefore(closedBefore)
        var kept = ContiguousArray<Entry>()
        kept.reserveCapacity(entries.count - done + 64)
        for entry in entries where !Self.isForgotten(entry, endsBefore) {
            if entry.state == .settled, let last = kept.last, last.state == .settled {
                kept[kept.count - 1].lastPlace = entry.lastPlace
                kept[kept.count - 1].end = max(last.end, entry.end)
            } else {
                kept.append(entry)
            }
        }
        entries = kept
        done = kept.count { $0.state == .settled }
    }

    // MARK: Kafka's memory of it

    /// What is settled, and the watermark before the first entry that is still needed: where that is what is committed.
    ///
    /// - Parameter base: the first place of the offset that is committed.
    mutating func write(to metadata: inout WindowMetadata, clock: WindowClock, from base: Int64) {
        let endsBefore = endsBefore(clock.closedBefore)
        var watermark: Int64? = nil
        var isRun = false
        for entry in entries where !Self.isForgotten(entry, endsBefore) {
            if watermark == nil { watermark = entry.watermark }
            if entry.state != .settled, !isInSettledPlaces(entry.place) {
                isRun = false
            } else if isRun {
                metadata.settled[metadata.settled.count - 1] = metadata.settled.last!.lowerBound..<entry.lastPlace + 1
            } else {
                isRun = true
                metadata.settled.append(entry.place..<entry.lastPlace + 1)
            }
        }
        // What is still to be computed again. The base may have passed some of it, where Kafka deleted the events or they do not match
        // any more.
        let rest = max(next, base)
        for range in settledPlaces where range.upperBound > rest { metadata.settled.append(max(range.lowerBound, rest)..<range.upperBound) }
        let before = watermark ?? clock.watermark
        if before != WindowClock.noTime { metadata.watermark = before }
        if endsBefore != WindowClock.noTime { metadata.endsBefore = endsBefore }
        runs = metadata.settled.count
        settledSinceWritten = 0
    }

    /// How many runs there will be at most, when some more have settled.
    func mostRuns(with underWay: Int) -> Int { runs + settledSinceWritten + underWay }

    mutating func restore(_ metadata: WindowMetadata, withPlaces: Bool) {
        settledBefore = metadata.endsBefore ?? WindowClock.noTime
        if withPlaces { settledPlaces = metadata.settled }
    }
}
