import EventFormats
import EventModel
import Testing

@Suite("Places in events")
struct EventFieldTests {
    private func find(_ field: EventField, in record: TestRecord) throws -> String? {
        let decoder = EventDecoder(topic: record.topic, mapping: EventMapping())
        return try withExtendedLifetime((record, decoder)) { text(field.find(in: try decoder.decode(record.view))?.raw) }
    }

    private let structured = TestRecord.structured(
        #"""
        {"specversion":"1.0","id":"a\"1","source":"/s","type":"t","tenant":"acme","size":12,"big":true,
        "data":{"n":1.50,"a":[{"x":"y"}],"z":null}}
        """#)

    @Test(arguments: [
        ("/id", #""a\"1""#), ("/specversion", #""1.0""#), ("/source", #""/s""#), ("/tenant", #""acme""#), ("/size", "12"), ("/big", "true"),
        ("/data/n", "1.50"), ("/data/a/0/x", #""y""#), ("/data/a", #"[{"x":"y"}]"#), ("/data/z", nil), ("/data/none", nil), ("/none", nil),
        ("/subject", nil), ("/id/x", nil), ("/datax", nil), ("/data_base64", nil), ("id", nil), ("", nil),
    ])
    func arePointersIntoTheEventAsStructuredJSON(_ pointer: String, _ value: String?) throws {
        #expect(try find(EventField(pointer: pointer), in: structured) == value)
    }

    @Test func areAttributesByName() throws {
        #expect(try find(EventField(attribute: "tenant"), in: structured) == #""acme""#)
        #expect(try find(EventField(attribute: "type"), in: structured) == #""t""#)
        #expect(try find(EventField(attribute: "subject"), in: structured) == nil)
    }

    @Test func theWholePayloadIsWhateverItIs() throws {
        let field = EventField(pointer: "/data")
        #expect(try find(field, in: TestRecord(value: " {\"a\": 1} \n")) == #"{"a": 1}"#)
        #expect(try find(field, in: TestRecord(value: " null ")) == nil)
        #expect(try find(field, in: TestRecord(value: "a\"b", headers: [("content-type", "text/plain")])) == #""a\"b""#)
        #expect(try find(field, in: TestRecord(value: "not JSON")) == nil)
        #expect(try find(field, in: TestRecord(value: nil)) == nil)
        #expect(try find(EventField(pointer: "/data_base64"), in: TestRecord(value: "not JSON")) == #""bm90IEpTT04=""#)
    }
}
