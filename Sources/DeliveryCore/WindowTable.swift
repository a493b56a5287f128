import DequeModule
import EventModel
import HeapModule

/// The windows of one cursor: which are open, and which are complete and wait to be delivered.
///
/// What windows come out is a function of the log alone, and of the advances of the watermark that were committed before
/// they had an effect (`WindowClock`): whoever reads on from the committed offset, with the watermark that was in force there,
/// computes the same windows again. So that each is delivered once all the same, the cursor also says which are settled
/// (`WindowPlaces`).
final class WindowTable {
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

    let plan: WindowPlan
    private let ids: WindowIDs
    private(set) var clock: WindowClock
    private var places = WindowPlaces()
    /// Of a repartition topic: how far its sources are, now and at earlier places.
    private(set) var sources: WindowSources? = nil
    private var history: WindowHistory

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

    init(_ policy: WindowPolicy, ids: WindowIDs, sourcePlaces: Int) {
        plan = WindowPlan(policy)
        history = WindowHistory(room: sourcePlaces)
        clock = WindowClock(grace: plan.grace)
        self.ids = ids
    }

    // MARK: Without events

    func reach(_ offset: Int64) { clock.reach(offset) }

    /// To be committed; nothing more is counted until `accept`.
    func propose(_ advance: WindowClock.Advance) { clock.propose(advance) }

    /// What is proposed goes into a commit.
    func proposalIsSent() { clock.isProposalSent = clock.proposed != nil }

    func accept() { clock.accept() }

    /// The least watermark that there is reason to move to, where everything before an offset has been looked at: it completes a
    /// window, and there is room to keep it in mind. Advances share the metadata with what is settled; one more than there is
    /// room for is kept if it completes all, so that whatever comes then, the cursor will pass those before it.
    func nextAdvance(at offset: Int64, metadataLimit: Int) -> Int64? {
        guard refreshDue(), let first = dues.min else { return nil }
        let room = max(1, metadataLimit / 32)
        if clock.advances.count < room || clock.advances.last?.offset == offset { return first.end + plan.grace }
        guard clock.advances.count == room else { return nil }
        let ends = dues.unordered.lazy.compactMap { due in self.slots[due.slot].flatMap { $0.serial == due.serial ? $0.end : nil } }
        return ends.max().map { $0 + plan.grace }
    }

    func mayAdvance(to watermark: Int64, at offset: Int64, metadataLimit: Int) -> Bool {
        guard watermark > clock.watermark, let next = nextAdvance(at: offset, metadataLimit: metadataLimit) else { return false }
        return next <= watermark
    }

    /// Nothing comes that could move the watermark.
    var mayClockMoveIt: Bool { sources?.areAllIdle ?? true }

    // MARK: Events

    /// The next record of a repartition topic, whoever wrote it: the cursor may have to be there.
    func pass(_ offset: Int64) {
        let known = sources ?? WindowSources(from: offset)
        sources = known
        history.pass(offset, known, watermark: clock.watermark)
    }

    /// Whether the record that was passed last is an event that is there already.
    func isRepeated(_ source: SourcePlace) -> Bool { sources!.isRepeated(source) }

    /// The record was taken: what it says of its source is known from now on.
    func learn(_ source: SourcePlace) {
        sources!.learn(source)
        if let watermark = sources!.watermark { clock.event(at: watermark) }
    }

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
        if !plan.isOverAllPartitions { clock.event(at: time) }
        return place
    }

    private func takeFixed(
        _ offset: Int64, _ time: Int64, _ group: Int, _ size: Int64, _ hop: Int64, _ room: Int, _ contents: any WindowContents
    ) -> Place {
        let first = WindowPlan.firstStart(time, size: size, hop: hop)
        if room < Int(plan.windowsPerEvent) {
            var missing = 0
            for start in stride(from: first, through: time, by: Int(hop)) where !clock.isClosed(start + size) && !places.wereSettled(end: start + size) {
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
            if clock.isClosed(end) { continue }
            isLate = false
            if places.wereSettled(end: end) { continue }
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
        if clock.isClosed(end) { return standAlone(offset) }
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
        places.absorb(other.place)
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
        places.enter(place, .open, end: end, watermark: clock.watermark)
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
        let end = clock.closedBefore
        let isSettled = places.wasSettled(place, end: end)
        places.enter(place, isSettled ? .settled : .complete, end: end, watermark: clock.watermark)
        if isSettled { return .settled }
        underWay += 1
        return .alone(place)
    }

    // MARK: Complete windows

    /// Lines up the windows that the watermark has passed.
    func complete(at now: Moment, _ contents: any WindowContents) {
        while refreshDue(), let due = dues.min, clock.isClosed(due.end) {
            dues.removeMin()
            var window = slots[due.slot]!
            removeFromIndex(due.slot, window)
            openCount -= 1
            if places.complete(window.place, end: window.end) {
                window.completed = now
                slots[due.slot] = window
                complete.append(due.slot)
            } else {
                contents.discard(window.id)
                ids.free(window.id)
                free(due.slot)
            }
        }
        places.compact(closedBefore: clock.closedBefore)
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
        clock.forgetProposal()
        return records
    }

    /// Of events that were made of complete windows.
    var records: [RecordIndex] { complete.compactMap { slots[$0]!.record } }

    var isEmpty: Bool { openCount == 0 && complete.isEmpty }

    // MARK: What is settled

    func settle(_ place: Int64) {
        places.settle(place)
        underWay -= 1
        places.compact(closedBefore: clock.closedBefore)
    }

    /// Windows and lone events that are not settled.
    var unsettledCount: Int { places.unsettledCount }

    /// The offset from which on the log is needed; nil when nothing before where it is read.
    var base: Int64? {
        guard let first = places.first(closedBefore: clock.closedBefore).map({ $0 / plan.windowsPerEvent }) else { return nil }
        return plan.isOverAllPartitions ? history.place(before: first) : first
    }

    /// - Parameter base: the offset that is committed.
    /// - Parameter start: from where the log has to be read again to know repeats.
    func encode(base: Int64, rememberedFrom start: Int64, limit: Int) -> (text: String, complete: Bool) {
        clock.forgetAdvances(upTo: base)
        var metadata = WindowMetadata(digest: plan.digest)
        clock.write(to: &metadata)
        places.write(to: &metadata, clock: clock, from: base * plan.windowsPerEvent)
        // What lies between this place and the first window that is needed ends earlier, and is known to be settled by that.
        if let sources {
            let known = history.settle(at: base, now: WindowHistory.Entry(offset: base, sources: sources, watermark: clock.watermark))
            metadata.sources = known.sources
            metadata.watermark = known.watermark == WindowClock.noTime ? nil : known.watermark
        }
        if start < base { metadata.rememberedFrom = start }
        return metadata.encode(base: base, firstPlace: base * plan.windowsPerEvent, limit: limit)
    }

    /// Whether one more that is taken might end in more runs than the metadata has room for, beside what else is in it. Not
    /// while nothing is under way: until the window that ends first is settled nothing can be forgotten.
    func isCrowded(metadataLimit: Int) -> Bool {
        let room = (metadataLimit - 2) / 4 * 3 - 32 - clock.advances.count * 8 - (sources?.sources.count ?? 0) * 16
        return underWay > 0 && (places.mostRuns(with: underWay) + 1) * 6 > room
    }

    /// Takes over what Kafka held.
    func restore(_ metadata: WindowMetadata) {
        // Of windows that were defined in another way only their times say something.
        let isSame = metadata.digest == plan.digest
        clock.restore(metadata, withAdvances: isSame)
        sources = metadata.sources
        places.restore(metadata, withPlaces: isSame)
    }
}
