import EventFormats
import EventModel
import Testing

/// 1 is JSON, 2 spells each byte, 3 is refused; others are not known.
private final class Schemas: SchemaSource {
    struct Spelling: PayloadDecoder {
        func append(_ payload: UnsafeRawBufferPointer, to writer: ByteWriter) throws(PoisonReason) {
            guard !payload.isEmpty else { throw PoisonReason("there is nothing") }
            writer.append(#"{"type": "spelled", "bytes": \#(Array(payload))}"#)
        }
    }

    func schema(_ id: ConfluentFrame.SchemaID) -> SchemaAnswer? {
        switch id {
        case 1: .json
        case 2: .decoder(Spelling())
        case 3: .refused("the value is Protobuf")
        default: nil
        }
    }
}

@Suite struct FramedTests {
    private func framed(_ schema: UInt8, _ payload: String, _ headers: [(String, String)] = []) -> TestRecord {
        TestRecord(
            key: nil, value: [0, 0, 0, 0, schema] + Array(payload.utf8), headers: headers.map { (Array($0.0.utf8), Array($0.1.utf8)) })
    }

    private func mapping(_ framing: EventMapping.Framing) -> EventMapping {
        var mapping = EventMapping()
        mapping.framing = framing
        mapping.type = .pointer("/type")
        return mapping
    }

    private func decoded(_ record: TestRecord, _ framing: EventMapping.Framing = .auto) throws -> EventText {
        let decoder = EventDecoder(topic: record.topic, mapping: mapping(framing), schemas: Schemas())
        return try withExtendedLifetime((record, decoder)) { try EventText(decoder.decode(record.view)) }
    }

    private func poison(_ record: TestRecord, _ framing: EventMapping.Framing = .auto, schemas: (any SchemaSource)? = Schemas()) -> String? {
        do throws(PoisonReason) {
            _ = try EventDecoder(topic: record.topic, mapping: mapping(framing), schemas: schemas).decode(record.view)
            return nil
        } catch {
            return error.message
        }
    }

    @Test("JSON behind a frame is the event's data, in the record's own memory")
    func json() throws {
        let record = framed(1, #"{"type": "t", "n": 1.50}"#)
        let event = try decoded(record)
        #expect(event.type == "t")
        #expect(event.kind == .json)
        #expect(event.contentType == "application/json")
        #expect(String(decoding: event.data, as: UTF8.self) == #"{"type": "t", "n": 1.50}"#)
        let decoder = EventDecoder(topic: record.topic, mapping: mapping(.auto), schemas: Schemas())
        let body = ByteWriter()
        guard case .view(let bytes) = PayloadEncoder.encode(try decoder.decode(record.view), of: record.view, format: .raw, body: body, headers: ByteWriter())
        else { return #expect(Bool(false), "the body is a view of the record") }
        #expect(bytes.count == record.view.value!.count - ConfluentFrame.length)
        #expect(decoder.unframedBytes == 0)
    }

    @Test("What is decoded is JSON to all that follows, whatever the record declares", arguments: [
        [], [("content-type", "application/avro")], [("Content-Type", "application/vnd.apache.avro+binary")],
        [("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", "/s"), ("ce_type", "spelled"), ("content-type", "avro/binary")],
    ])
    func decodedValue(_ headers: [(String, String)]) throws {
        let event = try decoded(framed(2, "a", headers))
        #expect(event.type == "spelled")
        #expect(event.kind == .json)
        #expect(event.contentType == "application/json")
        #expect(String(decoding: event.data, as: UTF8.self) == #"{"type": "spelled", "bytes": [97]}"#)
    }

    @Test("Decoded bytes are written into the request, as the decoder needs its memory for the next record")
    func body() throws {
        let record = framed(2, "ab")
        let decoder = EventDecoder(topic: record.topic, mapping: mapping(.auto), schemas: Schemas())
        for format in [PayloadFormat.raw, .binary] {
            let body = ByteWriter()
            let encoded = PayloadEncoder.encode(try decoder.decode(record.view), of: record.view, format: format, body: body, headers: ByteWriter())
            guard case .written = encoded else { return #expect(Bool(false), "the body is in the request's memory") }
            #expect(body.text == #"{"type": "spelled", "bytes": [97, 98]}"#)
        }
        #expect(decoder.unframedBytes == 38)
        withExtendedLifetime(record) {}
    }

    @Test("A structured CloudEvent may stand behind a frame")
    func structured() throws {
        let record = framed(1, #"{"specversion": "1.0", "id": "7", "source": "/s", "type": "t"}"#, [("content-type", "application/cloudevents+json")])
        #expect(try decoded(record).id == "7")
    }

    @Test("What cannot be read says why", arguments: [
        (2, "", "the value is not one of schema 2: there is nothing"),
        (3, "x", "the value is Protobuf"),
        (1, "{", "the value is not JSON, which schema 1 of the registry says it is"),
        (4, "x", "the schema registry has not said yet what schema 4 is"),
    ] as [(UInt8, String, String)])
    func reasons(_ schema: UInt8, _ payload: String, _ reason: String) { #expect(poison(framed(schema, payload)) == reason) }

    @Test("Without a registry the reason says what to configure")
    func withoutRegistry() {
        #expect(
            poison(framed(2, "x"), schemas: nil)
                == "the value is in Confluent's wire format (schema 2), and no schema registry is configured: set schemaRegistry.url, or event.framing: none if it only looks like it")
    }

    @Test("What only looks framed is left alone", arguments: [
        ([0, 0, 0], []), ([0, 0, 0, 0, 0, 1], []), ([0, 0xFF, 0, 0, 1, 1], []), ([1, 0, 0, 0, 2], []), ([], []),
        ([0, 0, 0, 0, 2, 1], [("content-type", "image/x-icon")]), ([0, 0, 0, 0, 2, 1], [("content-type", "application/octet-stream")]),
    ] as [([UInt8], [(String, String)])])
    func unframed(_ value: [UInt8], _ headers: [(String, String)]) throws {
        let record = TestRecord(key: nil, value: value, headers: headers.map { (Array($0.0.utf8), Array($0.1.utf8)) })
        let decoder = EventDecoder(topic: record.topic, mapping: EventMapping(), schemas: Schemas())
        #expect(decoder.schema(of: record.view) == nil)
        #expect(try Array(decoder.decode(record.view).data) == value)
    }

    @Test("A topic may say that nothing is framed, or everything")
    func framing() throws {
        let record = framed(3, "x")
        var none = EventMapping()
        none.framing = .none
        #expect(try EventFormatsTests.decoded(record, mapping: none).kind == .binary)
        #expect(poison(TestRecord(value: #"{"type": "t"}"#), .confluent)?.hasPrefix("the value is not in Confluent's wire format") == true)
        #expect(poison(TestRecord(key: nil, value: [0, 0, 0, 0, 2, 1], headers: [(Array("content-type".utf8), Array("image/png".utf8))]), .confluent) == nil)
        let event = #"{"specversion": "1.0", "id": "7", "source": "/s", "type": "t"}"#
        #expect(poison(.structured(event), .confluent) == nil)
    }

    @Test("A record without a value is none of any schema")
    func tombstone() throws {
        var mapping = EventMapping()
        mapping.framing = .confluent
        #expect(try EventFormatsTests.decoded(TestRecord(value: nil), mapping: mapping).kind == .none)
    }
}
