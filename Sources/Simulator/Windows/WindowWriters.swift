import DeliveryCore
import EventModel

/// What writes one partition of a repartition topic: for each partition of the source its owner, which repeats requests that
/// failed in part, ends at any time, and begins again at its cursor; and the owner before it, which may not know that it is none.
struct WindowWriters {
    private struct Writer {
        /// Events that were acknowledged, and where it began to read.
        var acknowledged: Int
        var began: Int

        init(at event: Int) {
            acknowledged = event
            began = event
        }
    }

    /// A partition of the source: its events that belong here, which each have to count once and in order.
    private struct Source {
        var events: [WindowRecord] = []
        /// The latest time of each and of those before it that belong elsewhere.
        var peaks: [Int64] = []
        var end: Int64 = 0
        var owner = Writer(at: 0)
        var former: Writer? = nil
        var committed = 0
        /// A mark that the former owner has sent, and that is not there yet.
        var onItsWay: SourcePlace? = nil
        /// What the log says so far.
        var counted = 0
        var state = WindowRecord.SourceState()
    }

    private var sources: [Source]

    init(sources count: Int) { sources = Array(repeating: Source(), count: count) }

    /// An event comes to the source.
    mutating func produce(_ record: WindowRecord, _ random: inout Random) {
        let i = random.int(0...sources.count - 1)
        var record = record
        record.offset = sources[i].end
        sources[i].end += Int64(random.int(1...4))
        sources[i].peaks.append(random.chance(0.2) ? record.time + Int64(random.int(0...2000)) : record.time)
        sources[i].events.append(record)
    }

    /// Something that writers do, right or wrong: what comes into the log of it.
    mutating func act(_ random: inout Random, faults: Double) -> [WindowRecord] {
        let i = random.int(0...sources.count - 1)
        // Events that belong elsewhere.
        if random.chance(0.3) { sources[i].end += Int64(random.int(1...3)) }
        if random.chance(faults) {
            switch random.int(0...4) {
            case 0:
                sources[i].former = sources[i].owner
                sources[i].owner = Writer(at: sources[i].committed)
            case 1: if sources[i].former != nil { return write(i, \.former!, &random, faults: faults) }
            case 2:
                if let former = sources[i].former { sources[i].onItsWay = sources[i].onItsWay ?? mark(i, former, random.chance(0.7)) }
            case 3:
                if let place = sources[i].onItsWay {
                    sources[i].onItsWay = nil
                    return [note(Self.markRecord, place, isCounted: false)]
                }
            default: sources[i].committed = random.int(sources[i].committed...max(sources[i].committed, sources[i].owner.acknowledged))
            }
        }
        if random.chance(0.2) { return [note(Self.markRecord, mark(i, sources[i].owner, random.chance(0.3)), isCounted: false)] }
        return write(i, \.owner, &random, faults: faults)
    }

    /// Everything gets there in the end, and then it is quiet.
    mutating func finish(_ random: inout Random) -> [WindowRecord] {
        var records: [WindowRecord] = []
        for i in sources.indices {
            while sources[i].owner.acknowledged < sources[i].events.count { records += write(i, \.owner, &random, faults: 0) }
            records.append(note(Self.markRecord, mark(i, sources[i].owner, true), isCounted: false))
        }
        return records
    }

    /// One request with some events. Where it fails, what comes behind may be there all the same; all of it comes again.
    private mutating func write(_ i: Int, _ path: WritableKeyPath<Source, Writer>, _ random: inout Random, faults: Double) -> [WindowRecord] {
        let writer = sources[i][keyPath: path]
        let batch = sources[i].events[writer.acknowledged...].prefix(random.int(1...5))
        let fails = !batch.isEmpty && random.chance(faults) ? random.pick(Array(batch.indices)) : nil
        var records: [WindowRecord] = []
        var previous: Int64? = nil
        for index in batch.indices {
            defer { previous = batch[index].offset }
            if let fails, index == fails || index > fails && random.chance(0.5) { continue }
            let time = sources[i].peaks[writer.began...index].max()!
            let place = SourcePlace(
                kind: .event(previous: previous), partition: Int32(i), offset: batch[index].offset, watermark: WallTime(milliseconds: time),
                partitions: sources.count)
            // It counts where it is the next one, and only there.
            let isNext = index == sources[i].counted
            records.append(note(batch[index], place, isCounted: isNext))
        }
        if fails == nil { sources[i][keyPath: path].acknowledged += batch.count }
        return records
    }

    private func mark(_ i: Int, _ writer: Writer, _ isIdle: Bool) -> SourcePlace {
        let isAtEnd = writer.acknowledged == sources[i].events.count
        let offset = isAtEnd ? sources[i].end : sources[i].events[writer.acknowledged].offset
        let time = sources[i].peaks[writer.began..<max(writer.began, writer.acknowledged)].max()
        return SourcePlace(
            kind: isIdle && isAtEnd ? .idleMark : .mark, partition: Int32(i), offset: offset, watermark: time.map { WallTime(milliseconds: $0) },
            partitions: sources.count)
    }

    private static let markRecord = WindowRecord(
        timestamp: WallTime(milliseconds: 0), appended: Instant(nanoseconds: 0), time: 0, group: 0, type: "mark", bytes: 10)

    /// What is known once this is in the log.
    private mutating func note(_ record: WindowRecord, _ place: SourcePlace, isCounted: Bool) -> WindowRecord {
        let i = Int(place.partition)
        if isCounted {
            sources[i].counted += 1
            sources[i].state.next = place.offset + 1
            sources[i].state.isIdle = false
        }
        let next = sources[i].state.next ?? 0
        if place.isMark {
            if place.kind == .idleMark, next <= place.offset { sources[i].state.isIdle = true }
            // Events for other partitions than this.
            if place.kind == .mark, next < place.offset { sources[i].state.isIdle = false }
            sources[i].state.next = max(next, place.offset)
        }
        // Not of an event before which others are still to come.
        if let time = place.watermark, place.isMark || place.offset < sources[i].state.next ?? 0 {
            sources[i].state.watermark = max(sources[i].state.watermark ?? time.milliseconds, time.milliseconds)
        }
        var record = record
        record.origin = WindowRecord.Origin(place: place, isCounted: isCounted, known: sources.map(\.state))
        return record
    }
}
