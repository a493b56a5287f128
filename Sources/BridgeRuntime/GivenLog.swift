package import EventFormats
package import EventModel
import KafkaClient

/// A list of events as the log of a topic: each has a partition, an offset, a timestamp, and a moment at which it comes.
package struct GivenLog: Sendable {
    /// What a line of the list says.
    package struct Line: Sendable {
        /// For messages; from 1.
        package var number: Int
        package var key: [UInt8]?
        package var value: [UInt8]
        package var headers: [(name: String, value: String)]
        /// Of the record. Nil: the event's own time, or when it comes.
        package var timestamp: WallTime?
        /// Nil: by its key.
        package var partition: Int32?

        package init(
            number: Int, key: [UInt8]?, value: [UInt8], headers: [(name: String, value: String)], timestamp: WallTime? = nil,
            partition: Int32? = nil
        ) {
            self.number = number
            self.key = key
            self.value = value
            self.headers = headers
            self.timestamp = timestamp
            self.partition = partition
        }
    }

    package struct Entry: Sendable {
        package var line: Int
        package var record: GivenRecord
        /// By the clock, which moves with the latest timestamp.
        package var arrival: WallTime
    }

    /// A line that cannot be part of it.
    package struct Problem: Error {
        package var line: Int
        package var message: String
    }

    /// An engine counts nanoseconds.
    package static let longest = TimeSpan.days(36_500)

    package let entries: [Entry]
    /// Ascending: those that have events.
    package let partitions: [Int32]
    /// Indices of entries, by partition and offset.
    private let places: [Int32: [Int]]

    /// - Parameter now: when events come that say no time, before any that does.
    package init(_ lines: [Line], of manifest: TopicManifest, schemas: (any SchemaSource)? = nil, now: WallTime) throws(Problem) {
        let decoder = EventDecoder(topic: manifest.topic, mapping: manifest.mapping, schemas: schemas)
        let partitions = Int32(clamping: manifest.provisioning.partitions ?? 1)
        let times = lines.map { $0.timestamp ?? Self.time(of: $0, decoder, topic: manifest.topic) }
        let first = times.lazy.compactMap(\.self).first ?? now
        var clock = first
        var entries: [Entry] = []
        var places: [Int32: [Int]] = [:]
        for (line, time) in zip(lines, times) {
            let timestamp = time ?? clock
            guard timestamp - first < Self.longest else {
                throw Problem(line: line.number, message: "its time is more than \(Self.longest) after that of the first; correct it, or leave it out")
            }
            if let partition = line.partition, manifest.provisioning.partitions != nil, partition >= partitions {
                throw Problem(line: line.number, message: "there is no partition \(partition): the manifest says kafka.partitions: \(partitions)")
            }
            clock = max(clock, timestamp)
            let partition = line.partition ?? line.key.map { key in key.withUnsafeBytes { Partitioner.murmur2($0, partitions: partitions) } } ?? 0
            let record = GivenRecord(
                key: line.key, value: line.value, headers: line.headers, timestamp: timestamp, partition: partition,
                offset: Int64(places[partition]?.count ?? 0))
            places[partition, default: []].append(entries.count)
            entries.append(Entry(line: line.number, record: record, arrival: clock))
        }
        self.init(entries, places: places)
    }

    /// One record, wherever it is.
    init(of record: GivenRecord) {
        self.init([Entry(line: 1, record: record, arrival: record.timestamp)], places: [record.partition: [0]])
    }

    /// As windows over a whole topic see it: one log, in the order in which events come.
    func asOnePartition() -> GivenLog {
        var entries = entries
        for i in entries.indices {
            entries[i].record.partition = 0
            entries[i].record.offset = Int64(i)
        }
        return GivenLog(entries, places: entries.isEmpty ? [:] : [0: Array(entries.indices)])
    }

    private init(_ entries: [Entry], places: [Int32: [Int]]) {
        self.entries = entries
        self.places = places
        partitions = places.keys.sorted()
    }

    /// The time that an event says itself.
    private static func time(of line: Line, _ decoder: EventDecoder, topic: String) -> WallTime? {
        let record = GivenRecord(
            key: line.key, value: line.value, headers: line.headers, timestamp: WallTime(milliseconds: -1), partition: line.partition ?? 0)
        return record.withView(topic: topic) { view in
            guard let event = try? decoder.decode(view), let text = event.time, let time = WallTime(rfc3339: text), time.milliseconds >= 0 else {
                return nil
            }
            return time
        }
    }

    func firstOffset(of partition: Int32) -> Int64 { places[partition]?.first.map { entries[$0].record.offset } ?? 0 }

    func end(of partition: Int32) -> Int64 { firstOffset(of: partition) + Int64(places[partition]?.count ?? 0) }

    func index(partition: Int32, offset: Int64) -> Int { places[partition]![Int(offset - firstOffset(of: partition))] }
}
