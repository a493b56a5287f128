/// One event as CloudEvents sees it: a *view* of bytes that somebody else owns (the Kafka record, the decoder's scratch).
///
/// Valid until its owner moves on; nothing here copies. Attribute values are UTF-8.
public struct Event {
    public typealias Bytes = UnsafeRawBufferPointer

    public struct Extension {
        public var name: Bytes
        public var value: Bytes
        /// How the value was written in JSON, so that numbers and booleans stay what they were.
        public var kind: Kind
        public enum Kind: Sendable { case string, integer, boolean }

        public init(name: Bytes, value: Bytes, kind: Kind = .string) {
            self.name = name
            self.value = value
            self.kind = kind
        }
    }

    /// What `data` holds, which decides how it stands in a JSON envelope.
    public enum DataKind: Sendable {
        /// No value at all (a tombstone).
        case none
        /// A valid JSON text: embedded as it is under `data`.
        case json
        /// UTF-8 text that its content type does not declare to be JSON: embedded as a JSON string.
        case text
        /// Anything else: embedded as base64 under `data_base64`.
        case binary
    }

    public var id: Bytes
    public var source: Bytes
    public var type: Bytes
    public var subject: Bytes?
    public var time: Bytes?
    public var dataContentType: Bytes?
    public var dataSchema: Bytes?
    public var extensions: [Extension]
    public var data: Bytes
    public var dataKind: DataKind
    /// The record's own value where it is a structured CloudEvent (JSON, UTF-8): it can be sent as it is.
    public var envelope: Bytes? = nil

    public init() {
        id = Bytes(start: nil, count: 0)
        source = id
        type = id
        data = id
        dataKind = .none
        extensions = []
    }
}

/// A Kafka record as the decoder needs it: views, nothing owned.
public struct RecordView {
    public typealias Bytes = UnsafeRawBufferPointer

    public struct Header {
        public var name: Bytes
        /// Nil for a header with a null value.
        public var value: Bytes?
        public init(name: Bytes, value: Bytes?) {
            self.name = name
            self.value = value
        }
    }

    public var topic: String
    public var partition: Int32
    public var offset: Int64
    /// Of the record; negative when it has none.
    public var timestamp: WallTime
    /// Nil: no key. Empty is a key.
    public var key: Bytes?
    /// Nil: a tombstone.
    public var value: Bytes?
    public var headers: [Header]

    public init(
        topic: String, partition: Int32, offset: Int64, timestamp: WallTime, key: Bytes?, value: Bytes?, headers: [Header]
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
    }
}
