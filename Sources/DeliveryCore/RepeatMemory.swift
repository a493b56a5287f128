import DequeModule
public import EventModel

/// Tells what two records have in common that are the same event; see `DeduplicationPolicy.by`. The bytes that this takes to say
/// are its owner's, as with `WindowContents`.
public protocol EventIdentities: AnyObject {
    /// Nil: it does not say, and is never a repeat.
    func identity(of record: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> EventIdentity?
}

/// What a cursor remembers of the events it came by, so that it knows one that comes again.
///
/// It is a function of the log from some offset on, and Kafka holds it: the offset from which the log has to be read again
/// is committed with the cursor. There an event is a repeat if and only if it was one before, as long as our clock is not behind
/// the times of the records: those in the future count as of now.
final class RepeatMemory {
    private struct Sighting {
        var identity: EventIdentity
        /// Not in the future, or it would never be forgotten.
        var time: Int64
        var offset: Int64
    }

    private struct Last {
        var time: Int64
        var offset: Int64
    }

    /// What comes at or beyond `offset` has nothing to do with what lies before `start`.
    private struct Mark {
        var offset: Int64
        var start: Int64
    }

    /// Milliseconds.
    private let window: Int64
    private let limit: Int
    /// Of each identity the last sighting, and the latest time of all its sightings.
    private var last: [EventIdentity: Last] = [:]
    /// In the order of the log; of those with the same identity only the last counts.
    private var sightings = Deque<Sighting>()
    /// The latest time of all that is not in the future.
    private var clock = Int64.min
    /// Ascending; the first is at or before the cursor's base.
    private var marks = Deque<Mark>()
    /// Nothing before it is looked at: the cursor was placed there.
    private var start: Int64 = 0
    /// Of the record that was seen last: it may be asked for again, before it is taken.
    private var latest: (offset: Int64, isRepeat: Bool)?
    /// How often something was forgotten because there was too much of it.
    private(set) var evictions: UInt64 = 0

    init(_ policy: DeduplicationPolicy) {
        window = policy.window.nanoseconds / 1_000_000
        limit = max(1, policy.maxKeys)
    }

    var count: Int { last.count }

    /// It is empty, and the cursor at `base` reads on from `start` to fill it.
    func begin(at start: Int64, base: Int64) {
        self.start = start
        marks = [Mark(offset: base, start: start)]
    }

    /// The next record that the cursor comes by. True if it is a repeat.
    ///
    /// - Parameters:
    ///   - time: of the record, in milliseconds.
    ///   - now: that it is, by our clock.
    func see(_ identity: EventIdentity, at offset: Int64, time: Int64, now: Int64) -> Bool {
        guard offset >= start else { return false }
        if let latest, latest.offset == offset { return latest.isRepeat }
        // Producers may write any timestamp into a record; differences of these are numbers still. None at all is -1.
        let time = min(max(-1, time), Int64.max / 2)
        pass(offset, time: min(time, now))
        let before = last[identity]
        last[identity] = Last(time: max(time, before?.time ?? time), offset: offset)
        sightings.append(Sighting(identity: identity, time: min(time, now), offset: offset))
        makeRoom()
        let isRepeat = before.map { time - $0.time <= window } ?? false
        latest = (offset, isRepeat)
        return isRepeat
    }

    /// Nothing that lies before `offset` is needed at or beyond it any more but what came in the window before `time`.
    func pass(_ offset: Int64, time: Int64) {
        clock = max(clock, time)
        while let first = sightings.first, isSuperseded(first) || first.time < clock - window { removeFirst() }
        let needed = sightings.first?.offset ?? offset
        guard let mark = marks.last, mark.start != needed, mark.offset <= offset else { return }
        marks.append(Mark(offset: offset, start: needed))
        if marks.count > Self.mostMarks { thinOut() }
    }

    /// From where the log has to be read again by a cursor that goes on at `base`.
    func start(forBase base: Int64) -> Int64 {
        while marks.count > 1, marks[1].offset <= base { marks.removeFirst() }
        return min(base, marks.first?.start ?? base)
    }

    private func isSuperseded(_ sighting: Sighting) -> Bool { last[sighting.identity]?.offset != sighting.offset }

    private func removeFirst() {
        let first = sightings.removeFirst()
        if !isSuperseded(first) { last[first.identity] = nil }
    }

    private func makeRoom() {
        while last.count > limit {
            if let first = sightings.first, !isSuperseded(first) { evictions += 1 }
            removeFirst()
        }
        // Many repeats of few events.
        guard sightings.count > 2 * limit else { return }
        let last = last
        sightings.removeAll { last[$0.identity]?.offset != $0.offset }
    }

    // MARK: Marks

    /// A base stays behind while the cursor goes on: few places are enough, as reading a little more is no harm.
    private static let mostMarks = 64

    private func thinOut() {
        var kept = Deque<Mark>()
        for (i, mark) in marks.enumerated() where i % 2 == 0 { kept.append(mark) }
        marks = kept
    }
}
