import DequeModule
import EventModel
import HeapModule

/// The windows of one cursor: which are open, which are complete and wait to be delivered, and from where on the log would
/// have to be read to compute them again.
///
/// What windows come out is a function of the log alone, and of the *advances* of the watermark that were committed before
/// they had an effect: whoever reads on from the committed offset, with the watermark that was in force there, computes the
/// same windows again. So that each is delivered once all the same, the cursor also says which are settled. For that, a window
/// has a *place*: the offset of its first event, times the number of windows that one event may be in, plus which of those
/// it is. Late and poison events, which stand alone, have places too.
///
/// The cursor may be as far as the first event of all windows that could not be told from unsettled ones otherwise. With
/// `endsBefore` being the least end of those that are complete and not settled (or what the watermark has closed, if there
/// are none), that is: of all that are not settled, and of the settled ones that do not end before that. The former have to be
/// computed again, the latter to be recognized, which takes all of their events. What ends before that is settled and may be
/// computed from a part of its events, as nothing comes of it.
final class WindowTable {
    typealias Advance = WindowMetadata.Advance

    struct Window {
        let id: WindowID
        let group: Int
        /// Tells it from others that had the same slot.
        let serial: Int64
        var start: Int64
        var end: Int64
        /// Of its latest event, in a session.
        var last: Int64
        var place: Int64
        var offsets: ClosedRange<Int64>
        var completed = Moment(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0))
        /// Its event, once that was made.
        var record: RecordIndex? = nil
    }

    private struct Entry {
        enum State { case open, complete, settled, absorbed }
        var place: Int64
        /// Its own; of several settled ones side by side, that of the last.
        var lastPlace: Int64
        /// Of complete and settled ones; of several, the greatest.
        var end: Int64
        /// Before its first event; `noTime` for none.
        var watermark: Int64
        var state: State
    }

    private struct Due: Comparable {
        var end: Int64
        var place: Int64
        var slot: Int
        var serial: Int64
        static func < (a: Due, b: Due) -> Bool { (a.end, a.place, a.serial) < (b.end, b.place, b.serial) }
    }

    private struct FixedKey: Hashable {
        var group: Int
        var start: Int64
    }

    private static let noTime = Int64.min

    let plan: WindowPlan
    private let ids: WindowIDs
    private(set) var watermark = noTime
    /// Windows that end before this were settled when the cursor was loaded.
    private var settledBefore = noTime
    private var settledPlaces: ContiguousArray<Range<Int64>> = []
    private var entries: ContiguousArray<Entry> = []
    private var settledEntries = 0
    /// Beyond all places that were taken.
    private var nextPlace: Int64 = 0
    private var advances: ContiguousArray<Advance> = []
    private var advancesApplied = 0
    /// To be committed before it may be applied. Until then nothing more is counted.
    var proposed: Advance? = nil
    /// It is in the commit that is under way.
    var isProposalSent = false

    private var slots: ContiguousArray<Window?> = []
    private var freeSlots: ContiguousArray<Int> = []
    private var serial: Int64 = 0
    private var dues = Heap<Due>()
    private var fixed: [FixedKey: Int] = [:]
    private var sessions: [Int: ContiguousArray<Int>] = [:]
    private(set) var openCount = 0
    /// Slots of complete windows, in the order in which they are delivered.
    private(set) var complete = Deque<Int>()
    /// Windows and lone events that were taken and are not settled.
    private(set) var underWay = 0
    /// Of the windows that its subscription counts as open and as complete, so many are of this cursor.
    var openCounted = 0
    var completeCounted = 0
    /// When an event came last, or when it began to look.
    var lastEvent = Instant(nanoseconds: 0)
    var isFolding = false
    /// Runs in the metadata written last, and what was settled since: no more runs than that can have come of it.
    private(set) var runs = 0
    private var settledSinceEncoded = 0

    init(_ policy: WindowPolicy, ids: WindowIDs) {
        plan = WindowPlan(policy)
        self.ids = ids
    }

    // MARK: Time

    /// The watermark; nil before the first event.
    var time: WallTime? { watermark == Self.noTime ? nil : WallTime(milliseconds: watermark) }

    /// Windows that end before this are complete.
    private var closedBefore: Int64 { watermark == Self.noTime ? Self.noTime : watermark - plan.grace + 1 }

    private func isClosed(_ end: Int64) -> Bool { end < closedBefore }

    /// Everything in the log before an offset was looked at: what was decided to happen there does.
    func reach(_ offset: Int64) {
        while advancesApplied < advances.count, advances[advancesApplied].offset <= offset {
            watermark = max(watermark, advances[advancesApplied].watermark)
            advancesApplied += 1
        }
    }

    var hasAdvances: Bool { advancesApplied < advances.count }

    /// The proposal is committed.
    func accept() {
        guard let proposed else { return }
        self.proposed = nil
        isProposalSent = false
        // What was decided for later offsets cannot be: those were not looked at.
        precondition(!hasAdvances, "nothing is proposed before all is applied")
        if advances.last?.offset == proposed.offset {
            // Nothing lies between them.
            advances.removeLast()
            advancesApplied -= 1
        }
        advances.append(proposed)
        reach(proposed.offset)
    }

    /// Whether there is reason to move the watermark, where everything before an offset has been looked at: it completes a
    /// window, and there is room to keep it in mind. Advances share the metadata with what is settled; one more than there is
    /// room for is kept if it completes all, so that whatever comes then, the cursor will pass those before it.
    func mayAdvance(to watermark: Int64, at offset: Int64, metadataLimit: Int) -> Bool {
        guard watermark > self.watermark, refreshDue(), let first = dues.min, first.end + plan.grace <= watermark else { return false }
        let room = max(1, metadataLimit / 32)
        if advances.count < room || advances.last?.offset == offset { return true }
        return advances.count == room && dues.unordered.allSatisfy { due in
            slots[due.slot].map { $0.serial != due.serial || $0.end + plan.grace <= watermark } ?? true
        }
    }

    // MARK: Events

    enum Place {
        case counted
        /// Every window it is in was settled before the start.
        case settled
        /// It stands alone, at this place.
        case alone(Int64)
        /// There would be too many windows.
        case full
    }

    /// Counts the event that was looked at last.
    func take(_ offset: Int64, at time: Int64, group: Int, room: Int, _ contents: any WindowContents) -> Place {
        let place: Place
        switch plan.kind {
        case .fixed(let size, let hop): place = takeFixed(offset, time, group, size, hop, room, contents)
        case .session(let gap, let max): place = takeSession(offset, time, group, gap, max, room, contents)
        }
        if case .full = place { return .full }
        watermark = max(watermark, time)
        return place
    }

    private func takeFixed(
        _ offset: Int64, _ time: Int64, _ group: Int, _ size: Int64, _ hop: Int64, _ room: Int, _ contents: any WindowContents
    ) -> Place {
        let first = WindowPlan.firstStart(time, size: size, hop: hop)
        if room < Int(plan.windowsPerEvent) {
            var missing = 0
            for start in stride(from: first, through: time, by: Int(hop)) where !isClosed(start + size) && start + size >= settledBefore {
                if fixed[FixedKey(group: group, start: start)] == nil { missing += 1 }
            }
            if missing > room { return .full }
        }
        var place = offset * plan.windowsPerEvent
        var isCounted = false
        var isLate = true
        for start in stride(from: first, through: time, by: Int(hop)) {
            defer { place += 1 }
            let end = start + size
            if isClosed(end) { continue }
            isLate = false
            if end < settledBefore { continue }
            isCounted = true
            let key = FixedKey(group: group, start: start)
            if let slot = fixed[key] {
                slots[slot]!.offsets = slots[slot]!.offsets.lowerBound...offset
                contents.add(to: slots[slot]!.id)
            } else {
                fixed[key] = open(offset, place, start: start, end: end, time, group, contents)
            }
        }
        if isLate { return standAlone(offset) }
        return isCounted ? .counted : .settled
    }

    private func takeSession(
        _ offset: Int64, _ time: Int64, _ group: Int, _ gap: Int64, _ max: Int64, _ room: Int, _ contents: any WindowContents
    ) -> Place {
        let border = WindowPlan.floor(time, max) + max
        let end = min(time + gap, border)
        if isClosed(end) { return standAlone(offset) }
        var joined: Int? = nil
        for slot in sessions[group] ?? [] {
            let session = slots[slot]!
            guard session.start < time + gap, time < session.last + gap, WindowPlan.floor(session.start, max) + max == border else { continue }
            if let other = joined {
                let (earlier, later) = slots[other]!.place < session.place ? (other, slot) : (slot, other)
                absorb(later, into: earlier, contents)
                joined = earlier
            } else {
                joined = slot
            }
        }
        guard let joined else {
            if room < 1 { return .full }
            let slot = open(offset, offset, start: time, end: end, time, group, contents)
            sessions[group, default: []].append(slot)
            return .counted
        }
        slots[joined]!.start = min(slots[joined]!.start, time)
        slots[joined]!.last = Swift.max(slots[joined]!.last, time)
        slots[joined]!.end = min(slots[joined]!.last + gap, border)
        slots[joined]!.offsets = slots[joined]!.offsets.lowerBound...offset
        contents.add(to: slots[joined]!.id)
        return .counted
    }

    /// Two sessions turn out to be one, which begins where the earlier one does in the log.
    private func absorb(_ later: Int, into earlier: Int, _ contents: any WindowContents) {
        let other = slots[later]!
        contents.merge(other.id, into: slots[earlier]!.id)
        slots[earlier]!.start = min(slots[earlier]!.start, other.start)
        slots[earlier]!.last = max(slots[earlier]!.last, other.last)
        slots[earlier]!.offsets = slots[earlier]!.offsets.lowerBound...max(slots[earlier]!.offsets.upperBound, other.offsets.upperBound)
        sessions[other.group]!.removeAll { $0 == later }
        entries[index(of: other.place)].state = .absorbed
        settledEntries += 1
        openCount -= 1
        ids.free(other.id)
        free(later)
    }

    private func open(
        _ offset: Int64, _ place: Int64, start: Int64, end: Int64, _ time: Int64, _ group: Int, _ contents: any WindowContents
    ) -> Int {
        serial += 1
        let window = Window(
            id: ids.next(), group: group, serial: serial, start: start, end: end, last: time, place: place, offsets: offset...offset)
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            slots[slot] = window
        } else {
            slot = slots.count
            slots.append(window)
        }
        enter(place, .open, end: end)
        dues.insert(Due(end: end, place: place, slot: slot, serial: serial))
        openCount += 1
        contents.open(window.id)
        contents.add(to: window.id)
        return slot
    }

    /// An event that no window counts: late, or none at all.
    func standAlone(_ offset: Int64) -> Place {
        let place = offset * plan.windowsPerEvent
        // It ends when what is complete by now does: no window that is open, or will be, ends before that.
        let end = closedBefore
        let isSettled = wasSettled(place, end: end)
        enter(place, isSettled ? .settled : .complete, end: end)
        if isSettled { settledEntries += 1 } else { underWay += 1 }
        return isSettled ? .settled : .alone(place)
    }

    private func enter(_ place: Int64, _ state: Entry.State, end: Int64) {
        precondition(place >= nextPlace, "places are taken in order")
        nextPlace = place + 1
        entries.append(Entry(place: place, lastPlace: place, end: end, watermark: watermark, state: state))
    }

    // MARK: Complete windows

    /// Lines up the windows that the watermark has passed.
    func complete(at now: Moment, _ contents: any WindowContents) {
        while refreshDue(), let due = dues.min, isClosed(due.end) {
            dues.removeMin()
            var window = slots[due.slot]!
            removeFromIndex(due.slot, window)
            openCount -= 1
            let entry = index(of: window.place)
            entries[entry].end = window.end
            if wasSettled(window.place, end: window.end) {
                entries[entry].state = .settled
                settledEntries += 1
                contents.discard(window.id)
                ids.free(window.id)
                free(due.slot)
            } else {
                entries[entry].state = .complete
                window.completed = now
                slots[due.slot] = window
                complete.append(due.slot)
            }
        }
        compact()
    }

    /// Brings the least end up to date: sessions grow, and are absorbed. False when nothing is open.
    @discardableResult
    private func refreshDue() -> Bool {
        while let due = dues.min {
            guard let window = slots[due.slot], window.serial == due.serial else {
                dues.removeMin()
                continue
            }
            if window.end == due.end { return true }
            dues.replaceMin(with: Due(end: window.end, place: window.place, slot: due.slot, serial: due.serial))
        }
        return false
    }

    private func removeFromIndex(_ slot: Int, _ window: Window) {
        switch plan.kind {
        case .fixed: fixed[FixedKey(group: window.group, start: window.start)] = nil
        case .session:
            sessions[window.group]!.removeAll { $0 == slot }
            if sessions[window.group]!.isEmpty { sessions[window.group] = nil }
        }
    }

    /// The complete window whose turn is next.
    var next: Window? { complete.first.map { slots[$0]! } }

    /// Its event was made: what it held is not needed any more.
    func made(_ record: RecordIndex, _ contents: any WindowContents) {
        let slot = complete[0]
        slots[slot]!.record = record
        contents.discard(slots[slot]!.id)
        ids.free(slots[slot]!.id)
    }

    func removeNext() -> Window {
        let slot = complete.removeFirst()
        let window = slots[slot]!
        free(slot)
        underWay += 1
        return window
    }

    private func free(_ slot: Int) {
        slots[slot] = nil
        freeSlots.append(slot)
    }

    /// Forgets what is open or waits, which will be computed again; what is known of the log stays. Returns the events that
    /// were made of complete ones.
    func dropAll(_ contents: any WindowContents) -> [RecordIndex] {
        var records: [RecordIndex] = []
        for case let window? in slots {
            if let record = window.record {
                records.append(record)
            } else {
                contents.discard(window.id)
                ids.free(window.id)
            }
        }
        slots.removeAll()
        freeSlots.removeAll()
        dues = Heap()
        fixed.removeAll()
        sessions.removeAll()
        complete.removeAll()
        openCount = 0
        proposed = nil
        isProposalSent = false
        return records
    }

    /// Of events that were made of complete windows.
    var records: [RecordIndex] { complete.compactMap { slots[$0]!.record } }

    var isEmpty: Bool { openCount == 0 && complete.isEmpty }

    // MARK: What is settled

    func settle(_ place: Int64) {
        entries[index(of: place)].state = .settled
        settledEntries += 1
        settledSinceEncoded += 1
        underWay -= 1
        compact()
    }

    /// Whether a window or a lone event was settled before the cursor was loaded.
    private func wasSettled(_ place: Int64, end: Int64) -> Bool { end < settledBefore || wasSettled(place) }

    private func wasSettled(_ place: Int64) -> Bool {
        var low = 0
        var high = settledPlaces.count
        while low < high {
            let middle = (low + high) / 2
            if settledPlaces[middle].upperBound <= place { low = middle + 1 } else { high = middle }
        }
        return low < settledPlaces.count && settledPlaces[low].contains(place)
    }

    private func index(of place: Int64) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].place < place { low = middle + 1 } else { high = middle }
        }
        precondition(low < entries.count && entries[low].place == place, "a place is settled once, after it was taken")
        return low
    }

    /// The least end that an unsettled window has or may yet have, open ones left aside: those end later.
    private var endsBefore: Int64 {
        var end = max(settledBefore, closedBefore)
        for entry in entries where entry.state == .complete && entry.end < end { end = entry.end }
        return end
    }

    /// Settled ones side by side become one entry, and those that need not be recognized any more go. Now and then: as many
    /// have come since as there were.
    private func compact() {
        guard settledEntries > 64, settledEntries > entries.count / 2 else { return }
        let endsBefore = endsBefore
        var kept = ContiguousArray<Entry>()
        kept.reserveCapacity(entries.count - settledEntries + 64)
        for entry in entries where !isForgotten(entry, endsBefore) {
            if entry.state == .settled, let last = kept.last, last.state == .settled {
                kept[kept.count - 1].lastPlace = entry.lastPlace
                kept[kept.count - 1].end = max(last.end, entry.end)
            } else {
                kept.append(entry)
            }
        }
        entries = kept
        settledEntries = kept.count { $0.state == .settled }
    }

    private func isForgotten(_ entry: Entry, _ endsBefore: Int64) -> Bool {
        entry.state == .absorbed || (entry.state == .settled && entry.end < endsBefore)
    }

    /// Windows and lone events that are not settled.
    var unsettledCount: Int { entries.count { $0.state == .open || $0.state == .complete } }

    // MARK: The cursor

    /// The offset from which on the log is needed; nil when nothing before where it is read.
    var base: Int64? {
        let endsBefore = endsBefore
        return entries.first { !isForgotten($0, endsBefore) }.map { $0.place / plan.windowsPerEvent }
    }

    /// - Parameter base: the offset that is committed.
    func encode(base: Int64, limit: Int) -> (text: String, complete: Bool) {
        let endsBefore = endsBefore
        while let advance = advances.first, advancesApplied > 0, advance.offset <= base {
            advances.removeFirst()
            advancesApplied -= 1
        }
        var metadata = WindowMetadata(digest: plan.digest)
        metadata.advances = advances
        if let proposed { metadata.advances.append(proposed) }
        var watermark = watermark
        var isFirst = true
        var isRunning = false
        for entry in entries where !isForgotten(entry, endsBefore) {
            if isFirst { watermark = entry.watermark }
            isFirst = false
            if entry.state != .settled, !wasSettled(entry.place) {
                isRunning = false
            } else if isRunning {
                metadata.settled[metadata.settled.count - 1] = metadata.settled.last!.lowerBound..<entry.lastPlace + 1
            } else {
                isRunning = true
                metadata.settled.append(entry.place..<entry.lastPlace + 1)
            }
        }
        // What is still to be computed again.
        for range in settledPlaces where range.upperBound > nextPlace { metadata.settled.append(max(range.lowerBound, nextPlace)..<range.upperBound) }
        if watermark != Self.noTime { metadata.watermark = watermark }
        if endsBefore != Self.noTime { metadata.endsBefore = endsBefore }
        runs = metadata.settled.count
        settledSinceEncoded = 0
        return metadata.encode(base: base, firstPlace: base * plan.windowsPerEvent, limit: limit)
    }

    /// Whether one more that is taken might end in more runs than the metadata has room for, beside what else is in it. Not
    /// while nothing is under way: until the window that ends first is settled nothing can be forgotten.
    func isCrowded(metadataLimit: Int) -> Bool {
        let room = (metadataLimit - 2) / 4 * 3 - 32 - advances.count * 8
        return underWay > 0 && (runs + settledSinceEncoded + underWay + 1) * 6 > room
    }

    /// Takes over what Kafka held.
    func restore(_ metadata: WindowMetadata) {
        if let watermark = metadata.watermark { self.watermark = watermark }
        if let endsBefore = metadata.endsBefore { settledBefore = endsBefore }
        // Of windows that were defined in another way only these say something.
        guard metadata.digest == plan.digest else { return }
        advances = metadata.advances
        settledPlaces = metadata.settled
    }
}

/// The numbers of a shard's windows.
final class WindowIDs {
    private var free: ContiguousArray<Int> = []
    private var count = 0

    func next() -> WindowID {
        if let index = free.popLast() { return WindowID(index: index) }
        defer { count += 1 }
        return WindowID(index: count)
    }

    func free(_ id: WindowID) { free.append(id.index) }
}
