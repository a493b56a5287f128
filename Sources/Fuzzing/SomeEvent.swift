import EventFormats
import EventModel

/// An event with this payload, for what needs one: `order.created`, from `/shop/s`, with the id `17`.
func withEvent(_ data: UnsafeRawBufferPointer, _ body: (Event, RecordView) -> Void) {
    var mapping = EventMapping()
    mapping.id = .value("17")
    mapping.type = .value("order.created")
    mapping.source = .value("/shop/s")
    mapping.subject = .value("S")
    mapping.framing = .none
    let decoder = EventDecoder(topic: "t", mapping: mapping)
    let record = RecordView(topic: "t", partition: 0, offset: 0, timestamp: WallTime(milliseconds: 0), key: nil, value: data, headers: [])
    guard let event = try? decoder.decode(record) else { fatalError("an event that only has a payload is no event") }
    withExtendedLifetime(decoder) { body(event, record) }
}
