import EventFormats
import EventModel

/// Events in memory, as records hold them.
final class EventPool {
    private(set) var records: [RecordView] = []
    /// As many decoders as events, so that all events are valid at once.
    private var decoders: [EventDecoder] = []
    private(set) var events: [Event] = []
    private let decoder = EventDecoder(topic: "shop.orders", mapping: EventMapping())

    /// - Parameter arePlain: no header says that the records are CloudEvents.
    init(_ workload: Workload, events number: Int, size: Int, arePlain: Bool = false) throws {
        let contentType = RecordView.Header(name: Self.keep("content-type".utf8), value: Self.keep("application/cloudevents+json".utf8))
        for (offset, text) in workload.events(number, size: size).enumerated() {
            let record = RecordView(
                topic: "shop.orders", partition: 0, offset: Int64(offset), timestamp: WallTime(milliseconds: 0), key: nil, value: Self.keep(text),
                headers: arePlain ? [] : [contentType])
            let decoder = EventDecoder(topic: "shop.orders", mapping: EventMapping())
            records.append(record)
            decoders.append(decoder)
            events.append(try decoder.decode(record))
        }
    }

    /// Decodes the record anew.
    func decode(_ index: Int) throws(PoisonReason) -> Event { try decoder.decode(records[index]) }

    /// As long as the process lives.
    private static func keep(_ bytes: some Collection<UInt8>) -> UnsafeRawBufferPointer {
        let kept = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        kept.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(kept)
    }
}
