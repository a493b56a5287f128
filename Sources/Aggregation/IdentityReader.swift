public import EventFormats
public import EventModel

/// Reads what tells an event from others (`deduplicate.by`) into 128 bits: of two hashes of the Swift runtime, whose key is
/// another one in every process, so that nobody can make two events that are taken for one.
public final class IdentityReader {
    private enum Fields {
        case sourceAndID
        case group(GroupReader, needed: [Int], needsKey: Bool)
    }

    /// Of the topic. May be another one when the manifest changes what the topic's records say.
    public var decoder: EventDecoder
    private let by: Fields
    private var fields = FieldTable()

    public init(_ policy: DeduplicationPolicy, decoder: EventDecoder) {
        self.decoder = decoder
        switch policy.by {
        case .id: by = .sourceAndID
        case .fields(let keys):
            var fields = FieldTable()
            let reader = GroupReader(keys, &fields)
            by = .group(reader, needed: Array(0..<fields.count), needsKey: keys.contains(.key))
            self.fields = fields
        }
    }

    /// Nil for a record that is no event, and for an event that lacks one of the fields.
    public func identity(of record: RecordView) -> EventIdentity? {
        guard let event = try? decoder.decode(record) else { return nil }
        switch by {
        case .sourceAndID: return Self.identity { $0.combine(event.source); $0.combine(event.id) }
        case .group(let reader, let needed, let needsKey):
            if needsKey, record.key == nil { return nil }
            fields.look(at: event)
            for index in needed { guard let value = fields.value(index), value.kind != .null else { return nil } }
            guard let text = try? reader.read(record, fields) else { return nil }
            return Self.identity { $0.combine(text) }
        }
    }

    private static func identity(_ combine: (inout Hasher) -> Void) -> EventIdentity {
        func hash(_ which: UInt8) -> UInt64 {
            var hasher = Hasher()
            hasher.combine(which)
            combine(&hasher)
            return UInt64(bitPattern: Int64(hasher.finalize()))
        }
        return EventIdentity(high: hash(1), low: hash(2))
    }
}

extension Hasher {
    /// With its length, so that what comes next cannot be taken for a part of it.
    fileprivate mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        combine(bytes.count)
        combine(bytes: bytes)
    }
}
