public import EventModel

/// What a record of a repartition topic says of where it comes from. Such a topic has the events of all partitions of another
/// one, by group; each partition there is written by one writer at a time, or by two while neither knows that one of them is out.
public struct SourcePlace: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        /// An event. Within one request the writer says which one it put into this log before it; without that, all before it
        /// that belong here were acknowledged.
        case event(previous: Int64?)
        /// No event: it only says how far its partition is. All before `offset` that belongs here was acknowledged.
        case mark
        /// The same, and that nothing has come to the partition for long: nobody need wait for it until its next event.
        case idleMark
    }

    public var kind: Kind
    public var partition: Int32
    /// Of an event its own; of a mark the next one's.
    public var offset: Int64
    /// The latest time among the events of the partition that matched so far, this one included, as far as its writer knows;
    /// nil: none.
    public var watermark: WallTime?
    /// How many partitions the topic had when it was written.
    public var partitions: Int

    public var isMark: Bool {
        if case .event = kind { false } else { true }
    }

    public init(kind: Kind, partition: Int32, offset: Int64, watermark: WallTime?, partitions: Int) {
        self.kind = kind
        self.partition = partition
        self.offset = offset
        self.watermark = watermark
        self.partitions = partitions
    }
}

/// How far each source partition is, in the order of one partition of a repartition topic: which events are there for the first
/// time, and what time it is for all of them together. A function of that log alone, up to an offset.
///
/// Writers begin at their cursor and write in order, so what one writes again are events that are there already, and what
/// two write at the same time is the same twice. `next` is such that all events before it that belong here are in the log before.
struct WindowSources: Equatable {
    struct Source: Equatable {
        /// nil: nothing is known of it.
        var next: Int64? = nil
        var watermark = WindowClock.noTime
        var isIdle = false
    }

    private(set) var sources: ContiguousArray<Source> = []
    /// Every record of the log is known, from its very first on. Otherwise the beginning of a request may have been passed over.
    private(set) var isWhole: Bool

    /// - Parameter offset: of the first record that is looked at.
    init(from offset: Int64) { isWhole = offset == 0 }

    init(_ sources: ContiguousArray<Source>, isWhole: Bool) {
        self.sources = sources
        self.isWhole = isWhole
    }

    /// Whether it is an event that is in the log before, or that will come again, all of its request with it.
    func isRepeated(_ place: SourcePlace) -> Bool {
        guard case .event(let previous) = place.kind else { return false }
        let index = Int(place.partition)
        guard index < sources.count, let next = sources[index].next else { return previous != nil && isWhole }
        if place.offset < next { return true }
        // What should be before it is not: the request failed there.
        if let previous { return previous >= next }
        return false
    }

    mutating func learn(_ place: SourcePlace) {
        let index = Int(place.partition)
        while sources.count < max(index + 1, min(place.partitions, Repartitioning.mostPartitions)) { sources.append(Source()) }
        let isRepeated = isRepeated(place)
        // Of one that came too early, the events that it passed are still to come: it is not that time yet.
        if isRepeated, place.offset >= sources[index].next ?? 0 { return }
        if let watermark = place.watermark { sources[index].watermark = max(sources[index].watermark, watermark.milliseconds) }
        switch place.kind {
        case .event:
            guard !isRepeated else { break }
            sources[index].next = place.offset + 1
            sources[index].isIdle = false
        case .mark:
            // Events have come, to other partitions than this.
            guard sources[index].next ?? 0 < place.offset || sources[index].next == nil else { break }
            sources[index].next = place.offset
            sources[index].isIdle = false
        case .idleMark:
            // Else the other writer has written more since.
            guard sources[index].next ?? 0 <= place.offset else { break }
            sources[index].next = place.offset
            sources[index].isIdle = true
        }
    }

    /// All partitions have come that far, those left aside to which nothing comes; nil when that is not known of all.
    var watermark: Int64? {
        var least: Int64? = nil
        for source in sources where !source.isIdle {
            guard source.next != nil, source.watermark != WindowClock.noTime else { return nil }
            least = min(least ?? source.watermark, source.watermark)
        }
        return least
    }

    /// Nothing comes to any of them.
    var areAllIdle: Bool { sources.allSatisfy { $0.isIdle } }
}

extension WindowSources {
    /// Format: how many, twice, plus one if whole; of each partition its next offset plus one, or 0, then if it is known
    /// what there is (1: a watermark, 2: idle), and the watermark's distance from a reference, zigzag.
    func write(to bytes: inout ContiguousArray<UInt8>, reference: Int64) {
        LEB128.append(UInt64(sources.count) << 1 | (isWhole ? 1 : 0), to: &bytes)
        for source in sources {
            guard let next = source.next else {
                LEB128.append(0, to: &bytes)
                continue
            }
            LEB128.append(UInt64(next) + 1, to: &bytes)
            let hasTime = source.watermark != WindowClock.noTime
            LEB128.append((hasTime ? 1 : 0) | (source.isIdle ? 2 : 0), to: &bytes)
            if hasTime { LEB128.append(zigzag: source.watermark &- reference, to: &bytes) }
        }
    }

    static func read(_ bytes: [UInt8], _ position: inout Int, reference: Int64) -> WindowSources? {
        guard let head = LEB128.read(bytes, &position), head >> 1 <= UInt64(bytes.count) else { return nil }
        var sources = ContiguousArray<Source>()
        for _ in 0..<head >> 1 {
            guard let next = LEB128.read(bytes, &position), next < 1 << 62 else { return nil }
            var source = Source()
            if next > 0 {
                guard let flags = LEB128.read(bytes, &position), flags < 4 else { return nil }
                source.next = Int64(next) - 1
                source.isIdle = flags & 2 != 0
                if flags & 1 != 0 {
                    guard let distance = LEB128.readZigzag(bytes, &position) else { return nil }
                    source.watermark = reference &+ distance
                }
            }
            sources.append(source)
        }
        return WindowSources(sources, isWhole: head & 1 != 0)
    }
}

/// What was known of the sources at some places of the log. A cursor over all partitions of a topic may be at these only,
/// because what it says of them has to be true just there; they are close enough that little more is read again.
struct WindowHistory {
    struct Entry {
        var offset: Int64
        var sources: WindowSources
        /// Of the windows' clock.
        var watermark: Int64
    }

    let room: Int
    /// Ascending.
    private var entries: ContiguousArray<Entry> = []
    private var spacing = 1
    private var sinceLast = 0

    init(room: Int) { self.room = room }

    /// Before a record is looked at.
    mutating func pass(_ offset: Int64, _ sources: WindowSources, watermark: Int64) {
        sinceLast += 1
        guard entries.isEmpty || sinceLast >= spacing else { return }
        keep(Entry(offset: offset, sources: sources, watermark: watermark))
    }

    private mutating func keep(_ entry: Entry) {
        entries.append(entry)
        sinceLast = 0
        guard entries.count > room else { return }
        // The first one may be where the cursor is.
        entries = ContiguousArray(entries.enumerated().filter { $0.offset % 2 == 0 }.map(\.element))
        spacing *= 2
    }

    /// The last place not beyond an offset.
    func place(before offset: Int64) -> Int64 {
        let index = entries.firstIndex(after: { $0.offset <= offset })
        return index == 0 ? offset : entries[index - 1].offset
    }

    /// What was known where the cursor is, which never goes back: all before that is forgotten.
    ///
    /// - Parameter now: what is known now, in case the cursor is where it is read.
    mutating func settle(at offset: Int64, now: Entry) -> Entry {
        let index = entries.firstIndex(after: { $0.offset < offset })
        entries.removeFirst(index)
        if entries.count < room / 4 { spacing = max(1, spacing / 2) }
        if let first = entries.first, first.offset == offset { return first }
        precondition(entries.isEmpty, "a cursor is where its sources are known")
        keep(now)
        return now
    }
}
