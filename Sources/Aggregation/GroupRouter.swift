public import EventFormats
public import EventModel

/// Where in a repartition topic an event belongs, and what time it says it is.
public final class GroupRouter {
    private let decoder: EventDecoder
    private let time: WindowTime
    private let groups: GroupReader
    private var fields = FieldTable()

    public init(_ policy: WindowPolicy, decoder: EventDecoder) {
        self.decoder = decoder
        time = policy.time
        var fields = FieldTable()
        groups = GroupReader(policy.groupBy, &fields)
        self.fields = fields
    }

    /// - Returns: when the event happened, and its group in canonical form, valid until the next call.
    /// - Throws: why windows cannot count it.
    public func look(at record: RecordView) throws(PoisonReason) -> (time: WallTime, group: UnsafeRawBufferPointer) {
        let event = try decoder.decode(record)
        let time = try EventTime.of(event, in: record, by: time)
        fields.look(at: event)
        return (time, try groups.read(record, fields))
    }
}
