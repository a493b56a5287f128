/// What Confluent's serializers put in front of a value: a zero byte, and the id of the schema that the value was written
/// with in a schema registry. No JSON text begins with a zero byte.
public struct ConfluentFrame {
    /// By which a registry knows a schema.
    public typealias SchemaID = Int32

    /// Bytes in front of the payload.
    public static let length = 5

    /// Registries count from one.
    public let schema: SchemaID
    public let payload: UnsafeRawBufferPointer

    init?(_ value: UnsafeRawBufferPointer) {
        guard value.count >= Self.length, value[0] == 0 else { return nil }
        schema = Int32(bigEndian: value.loadUnaligned(fromByteOffset: 1, as: Int32.self))
        guard schema > 0 else { return nil }
        payload = UnsafeRawBufferPointer(rebasing: value[Self.length...])
    }

    /// Whether a record that declares this content type may be framed without its topic's manifest saying so: nothing is
    /// declared, or what serializers with a registry write. An image may begin with a zero byte too.
    static func mayFrame(_ contentType: UnsafeRawBufferPointer?) -> Bool {
        guard let contentType, let mediaType = MediaType(contentType) else { return true }
        return mediaType.isJSON || mediaType.isCloudEvent || mediaType.isAvroOrProtobuf
    }
}

/// How a framed value becomes JSON.
public enum SchemaAnswer: Sendable {
    /// It is JSON behind the frame.
    case json
    /// It has to be decoded.
    case decoder(any PayloadDecoder)
    /// Not at all, and why: a clause for a message.
    case refused(String)
}

/// Decodes what was written with one schema.
public protocol PayloadDecoder: Sendable {
    /// Appends the payload as JSON.
    func append(_ payload: UnsafeRawBufferPointer, to writer: ByteWriter) throws(PoisonReason)
}

/// Where the schemas are that framed values need.
public protocol SchemaSource: AnyObject {
    /// Nil: not known yet. Who can wait asks before decoding (`EventDecoder.schema(of:)`).
    func schema(_ id: ConfluentFrame.SchemaID) -> SchemaAnswer?
}

extension MediaType {
    var isCloudEvent: Bool { essence.startsIgnoringCase(with: "application/cloudevents") }

    fileprivate var isAvroOrProtobuf: Bool {
        let names: [StaticString] = [
            "application/avro", "application/x-avro", "application/vnd.apache.avro", "avro/", "application/protobuf",
            "application/x-protobuf", "application/vnd.google.protobuf",
        ]
        return names.contains { essence.startsIgnoringCase(with: $0) }
    }
}
