import EventFormats
import EventModel
import Testing

@Suite("A record in binary mode")
struct BinaryModeTests {
    @Test("has its attributes in headers and its data in the value")
    func attributes() throws {
        let record = TestRecord.binary(#"{"n": 1.0}"#, [
            ("ce_subject", "café"), ("ce_time", "2018-04-05T03:56:24Z"), ("content-type", "application/json"),
            ("ce_dataschema", "https://e.com/s"), ("ce_myext", "a b"), ("other", "x"),
        ])
        let result = try decoded(record)
        #expect(result.id == "1" && result.source == "/s" && result.type == "t" && result.subject == "café")
        #expect(result.time == "2018-04-05T03:56:24Z" && result.contentType == "application/json")
        #expect(result.schema == "https://e.com/s" && result.extensions == ["myext": "a b"])
        #expect(result.kind == .json && result.data == Array(#"{"n": 1.0}"#.utf8))
    }

    @Test("keeps an id that was made by a bridge before us")
    func bridgedID() throws {
        let record = TestRecord(
            value: "1", headers: [("ce_specversion", "1.0"), ("ce_id", "old.topic-0-7"), ("ce_source", "kafka:old.topic"), ("ce_type", "t")])
        #expect(try decoded(record).id == "old.topic-0-7")
    }

    @Test("has data of the kind that its content type and its bytes allow", arguments: [
        ("application/json", "{}", .json), ("application/x+json; a=b", "1", .json), ("application/json", "{", .binary),
        (nil, "[]", .json), (nil, "x", .binary), (nil, "", .binary), ("text/plain", "x", .text),
        ("text/plain; charset=iso-8859-1", "x", .binary), ("application/xml", "<a/>", .text), ("image/svg+xml", "<svg/>", .text),
        ("application/avro", "x", .binary), ("application/json", nil, .none),
    ] as [(String?, String?, Event.DataKind)])
    func dataKinds(contentType: String?, value: String?, kind: Event.DataKind) throws {
        let record = TestRecord.binary(value, contentType.map { [("content-type", $0)] } ?? [])
        #expect(try decoded(record).kind == kind)
    }

    @Test("counts the last of headers that repeat a name, and a null one as unset")
    func repeatedHeaders() throws {
        let record = TestRecord.binary("1", [("ce_id", "2"), ("ce_x", "a"), ("ce_x", "b"), ("ce_y", "c"), ("ce_y", nil), ("ce_subject", nil)])
        let result = try decoded(record)
        #expect(result.id == "2" && result.extensions == ["x": "b"] && result.subject == nil)
    }

    @Test("ignores our own headers")
    func ownHeaders() throws {
        let record = TestRecord.binary("1", [("fanfare-topic", "x"), ("fanfare-attempt", "7"), ("fanfare-due", "\u{0}")])
        #expect(try decoded(record).extensions.isEmpty)
    }

    @Test("is poison with a reason that names the attribute", arguments: [
        ("ce_id", nil, "required attribute id is missing"), ("ce_id", "", "id is empty"),
        ("ce_source", "a b", "source has a character that a URI must percent-encode"), ("ce_type", "\n", "type has a control character"),
        ("ce_specversion", "0.3", "specversion is not 1.0"), ("ce_time", "1", "time is not an RFC 3339 time"),
        ("ce_My_Ext", "1", #"header "ce_My_Ext" does not name an attribute: a-z and 0-9 only"#),
        ("ce_data", "1", #"header "ce_data" does not name an attribute: a-z and 0-9 only"#),
        ("ce_", "1", #"header "ce_" does not name an attribute: a-z and 0-9 only"#),
        ("ce_x", "\r\nSet-Cookie: a", #"attribute "x" has a control character"#), ("content-type", "nonsense", "datacontenttype is not a media type"),
    ])
    func reasons(name: String, value: String?, reason: String) {
        #expect(poison(.binary("1", [(name, value)])) == reason)
    }

    @Test("is poison when an attribute is not UTF-8")
    func notUTF8() {
        func header(_ name: String, _ value: [UInt8]) -> ([UInt8], [UInt8]?) { (Array(name.utf8), value) }
        let record = TestRecord(
            key: nil, value: [1],
            headers: [
                header("ce_specversion", Array("1.0".utf8)), header("ce_id", [0xC0, 0x80]), header("ce_source", Array("/s".utf8)),
                header("ce_type", Array("t".utf8)),
            ])
        #expect(poison(record) == "id is not UTF-8")
    }
}
