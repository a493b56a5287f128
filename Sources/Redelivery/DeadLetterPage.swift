internal import EventModel
internal import KafkaClient

/// Up to where dead letters were looked at, from the newest down: `shop.orders.dead-letter:0=17,1=20`. What is not named is done with.
public struct DeadLetterCursor: Equatable, Sendable, LosslessStringConvertible {
    /// By partition: those before are still to be looked at.
    var ends: [TopicPartition: Int64]

    init(_ ends: [TopicPartition: Int64]) { self.ends = ends }

    public init?(_ text: String) {
        ends = [:]
        for topic in text.split(separator: ";", omittingEmptySubsequences: false) {
            guard let colon = topic.firstIndex(of: ":"), colon > topic.startIndex else { return nil }
            for pair in topic[topic.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false) {
                let numbers = pair.split(separator: "=", omittingEmptySubsequences: false)
                guard numbers.count == 2, let partition = Int32(numbers[0]), let end = Int64(numbers[1]), partition >= 0, end >= 0 else { return nil }
                ends[TopicPartition(topic: String(topic[..<colon]), partition: partition)] = end
            }
        }
    }

    public var description: String {
        Dictionary(grouping: ends, by: \.key.topic).sorted { $0.key < $1.key }.map { topic, ends in
            "\(topic):" + ends.sorted { $0.key < $1.key }.map { "\($0.key.partition)=\($0.value)" }.joined(separator: ",")
        }.joined(separator: ";")
    }
}

/// A piece of a list of dead letters, the newest first.
public struct DeadLetterPage: Sendable {
    public struct Entry: Sendable {
        public var letter: DeadLetter
        /// The event's id.
        public var event: String?
    }

    public var entries: [Entry] = []
    /// Records that were read for it.
    public var looked = 0
    /// Where the next piece goes on; nil when nothing is left. There may be one though few or none were found: a call reads only so much.
    public var next: DeadLetterCursor?
}

extension DeadLetterSource {
    /// How much one call reads, so that nobody waits long for it, and memory stays small.
    public struct ReadingLimits: Sendable {
        public var records = 10_000
        public var bytes = 16 << 20
        public var time = Duration.seconds(3)
        /// Then the cluster is taken for silent.
        public var patience = Duration.seconds(15)

        public init() {}
    }

    /// A partition, read from its end down, in pieces that are read forwards as Kafka does.
    private struct Part {
        let range: OffsetRange
        /// Those from here on were looked at.
        var end: Int64
        /// Read and not looked at yet, the newest last.
        var records: [(offset: Int64, time: WallTime, match: DeadLetterPage.Entry?)] = []
        /// Where those begin.
        var start: Int64

        var isHungry: Bool { records.isEmpty && end > range.start }
    }

    /// The newest that match. By the records' own timestamps, as far as each partition is in their order.
    ///
    /// - Parameter cursor: of the piece before; nil begins at the newest.
    /// - Throws: `KafkaError`, or `RangeReader.Silence`.
    public func page(limit: Int, after cursor: DeadLetterCursor?, _ limits: ReadingLimits = ReadingLimits()) throws -> DeadLetterPage {
        var page = DeadLetterPage()
        var parts: [Part] = []
        for range in try ranges() {
            let end = cursor.map { min(range.end, $0.ends[range.partition] ?? 0) } ?? range.end
            if end > range.start { parts.append(Part(range: range, end: end, start: end)) }
        }
        let clock = ContinuousClock()
        let begin = clock.now
        var bytes = 0
        // Small at first: mostly the newest are enough.
        var size = Int64(max(8, min(200, 2 * limit / max(1, parts.count))))
        while page.entries.count < limit {
            if parts.contains(where: \.isHungry) {
                let isEnough = page.looked >= limits.records || bytes >= limits.bytes || clock.now - begin >= limits.time
                if isEnough { break }
                bytes += try read(&parts, size, &page.looked, until: begin + limits.patience)
                size = min(2 * size, 2000)
                continue
            }
            guard let newest = parts.indices.filter({ !parts[$0].records.isEmpty }).max(by: { parts[$0].records.last!.time < parts[$1].records.last!.time })
            else { break }
            let record = parts[newest].records.removeLast()
            parts[newest].end = parts[newest].records.isEmpty ? parts[newest].start : record.offset
            if let match = record.match { page.entries.append(match) }
        }
        let rest = parts.filter { $0.end > $0.range.start }
        if !rest.isEmpty { page.next = DeadLetterCursor(Dictionary(uniqueKeysWithValues: rest.map { ($0.range.partition, $0.end) })) }
        return page
    }

    /// Reads a piece more of all partitions of which everything was looked at. Returns its bytes.
    private func read(_ parts: inout [Part], _ size: Int64, _ looked: inout Int, until deadline: ContinuousClock.Instant) throws -> Int {
        var ranges: [OffsetRange] = []
        var places: [TopicPartition: Int] = [:]
        for index in parts.indices where parts[index].isHungry {
            parts[index].start = max(parts[index].range.start, parts[index].end - size)
            places[parts[index].range.partition] = index
            ranges.append(OffsetRange(parts[index].range.partition, from: parts[index].start, to: parts[index].end))
        }
        let reader = try RangeReader(kafka, ranges)
        var isLate = false
        reader.isCancelled = {
            isLate = ContinuousClock.now >= deadline
            return isLate
        }
        var bytes = 0
        while let (record, partition) = try reader.next() {
            looked += 1
            bytes += record.value?.count ?? 0
            let letter = DeadLetter(record, of: partition)
            let isMatch = filter.matches(letter, eventIDs: { ids.names(of: letter, record) })
            let match = isMatch ? DeadLetterPage.Entry(letter: letter, event: ids.id(of: letter, record)) : nil
            parts[places[partition]!].records.append((record.offset, letter.time, match))
        }
        if isLate { throw RangeReader.Silence(range: ranges[0]) }
        // Offsets without records.
        for index in places.values where parts[index].records.isEmpty { parts[index].end = parts[index].start }
        return bytes
    }
}
