import EventFormats
import EventModel
import Testing

@Suite("A record in structured mode")
struct StructuredModeTests {
    private func event(_ members: String) -> TestRecord {
        .structured(#"{"specversion":"1.0","id":"1","source":"/s","type":"t"\#(members.isEmpty ? "" : ",")\#(members)}"#)
    }

    @Test("gives its attributes and its data as they stand in the JSON")
    func attributes() throws {
        let result = try decoded(event(
            #""subject":"caf\u00e9","time":"2018-04-05T17:31:00Z","datacontenttype":"application/json","#
                + #""dataschema":"https://e.com/s","astring":"aaa","aboolean":true,"anumber":-10,"nothing":null,"#
                + #""data": {"n": 1.10, "n": 1e400, "b": [ ] } "#))
        #expect(result.subject == "café")
        #expect(result.time == "2018-04-05T17:31:00Z")
        #expect(result.schema == "https://e.com/s")
        #expect(result.extensions == ["astring": "aaa", "aboolean": "true", "anumber": "-10"])
        #expect(String(decoding: result.data, as: UTF8.self) == #"{"n": 1.10, "n": 1e400, "b": [ ] }"#)
        #expect(result.kind == .json)
    }

    @Test("is recognised by its content type in any case and with parameters", arguments: [
        "application/cloudevents+json", "Application/CloudEvents+JSON", "application/cloudevents+json; charset=UTF-8",
        "application/cloudevents+json;charset=\"utf-8\"", "application/cloudevents", "application/cloudevents; charset=utf-8",
    ])
    func contentTypes(contentType: String) throws {
        let record = TestRecord.structured(#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#, contentType: contentType)
        #expect(try decoded(record).kind == .none)
    }

    @Test("is recognised by a header name in any case")
    func headerName() throws {
        let record = TestRecord(
            value: #"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#,
            headers: [("Content-Type", "application/cloudevents+json")])
        #expect(try decoded(record).id == "1")
    }

    @Test("is refused in a format that is not JSON in UTF-8", arguments: [
        ("application/cloudevents-batch+json", "content-type says a batch of CloudEvents"),
        ("application/cloudevents+avro", "content-type says a CloudEvents format other than JSON"),
        ("application/cloudevents+json; charset=utf-16", "content-type says a charset other than UTF-8"),
    ])
    func otherFormats(contentType: String, reason: String) {
        #expect(poison(.structured("[]", contentType: contentType))?.hasPrefix(reason) == true)
    }

    @Test("treats data as its content type says")
    func data() throws {
        #expect(try decoded(event(#""data":"I'm just a string""#)).data == Array(#""I'm just a string""#.utf8))
        #expect(try decoded(event(#""data":null"#)).kind == .json)
        let xml = try decoded(event(#""datacontenttype":"application/xml","data":"<much wow=\"xml\"/>""#))
        #expect(xml.kind == .text && xml.data == Array(#"<much wow="xml"/>"#.utf8))
        let binary = try decoded(event(#""datacontenttype":"application/x","data_base64":"AP8\/\/w==""#))
        #expect(binary.kind == .binary && binary.data == [0x00, 0xFF, 0x3F, 0xFF])
        #expect(try decoded(event(#""datacontenttype":"a/json","data_base64":"e30=""#)).kind == .json)
        #expect(try decoded(event(#""data_base64":"e30=""#)).kind == .binary)
        #expect(try decoded(event(#""datacontenttype":"text/plain","data":null"#)).kind == .none)
        #expect(try decoded(event("")).kind == .none)
    }

    @Test("is poison with a reason that names the attribute", arguments: [
        (#"{"id":"1","source":"/s","type":"t"}"#, "required attribute specversion is missing"),
        (#"{"specversion":"1.0","source":"/s","type":"t"}"#, "required attribute id is missing"),
        (#"{"specversion":"1.0","id":"1","type":"t"}"#, "required attribute source is missing"),
        (#"{"specversion":"1.0","id":"1","source":"/s"}"#, "required attribute type is missing"),
        (#"{"specversion":"1.0","id":null,"source":"/s","type":"t"}"#, "required attribute id is missing"),
        (#"{"specversion":"0.3","id":"1","source":"/s","type":"t"}"#, "specversion is not 1.0"),
        (#"{"specversion":1.0,"id":"1","source":"/s","type":"t"}"#, "specversion is not a string"),
        (#"{"specversion":"1.0","id":"","source":"/s","type":"t"}"#, "id is empty"),
        (#"{"specversion":"1.0","id":"1","id":"2","source":"/s","type":"t"}"#, "id appears twice"),
        (#"{"specversion":"1.0","id":"\u0000","source":"/s","type":"t"}"#, "id has a control character"),
        (#"{"specversion":"1.0","id":"\ud800","source":"/s","type":"t"}"#, "id has half a surrogate pair"),
        (#"{"specversion":"1.0","id":"\uffff","source":"/s","type":"t"}"#, "id has a character that is none"),
        ("[]", "the value is not a JSON object"),
        ("{", "the value is not valid JSON: the text ends too early (byte 1)"),
    ])
    func required(json: String, reason: String) { #expect(poison(.structured(json)) == reason) }

    @Test("is poison when an optional attribute breaks its rules", arguments: [
        (#""subject":"""#, "subject is empty"), (#""time":"yesterday""#, "time is not an RFC 3339 time"),
        (#""time":"2023-02-29T00:00:00Z""#, "time is not an RFC 3339 time"),
        (#""time":"2024-02-29T00:00:00""#, "time is not an RFC 3339 time"),
        (#""datacontenttype":"json""#, "datacontenttype is not a media type"),
        (#""datacontenttype":"a/b;\u00e9""#, "datacontenttype is not a media type"),
        (#""dataschema":"/relative""#, "dataschema is not an absolute URI"),
        (#""aDate":"x""#, #"attribute "aDate" has an illegal name: a-z and 0-9 only"#),
        (#""a\r\nb":"x""#, #"attribute "a??b" has an illegal name: a-z and 0-9 only"#),
        (#""":"x""#, #"attribute "" has an illegal name: a-z and 0-9 only"#),
        (#""x":1.5"#, #"attribute "x" is a number with a fraction or an exponent"#),
        (#""x":2147483648"#, #"attribute "x" is outside the range of a 32-bit integer"#),
        (#""x":-2147483649"#, #"attribute "x" is outside the range of a 32-bit integer"#),
        (#""x":{}"#, #"attribute "x" is neither text, integer nor boolean"#),
        (#""x":"1","x":"2""#, #"attribute "x" appears twice"#), (#""x":"a\u0085""#, #"attribute "x" has a control character"#),
        (#""data":1,"data_base64":"AA==""#, "both data and data_base64 are present"),
        (#""data":1,"data":2"#, "data appears twice"), (#""data_base64":"A""#, "data_base64 is not base64"),
        (#""data_base64":"AA=A""#, "data_base64 is not base64"), (#""data_base64":5"#, "data_base64 is not base64"),
        (#""datacontenttype":"text/plain","data":{}"#, "data is not a string, although datacontenttype does not say JSON"),
    ])
    func optional(members: String, reason: String) { #expect(poison(event(members)) == reason) }

    @Test("is taken at the edges of what is allowed", arguments: [
        #""x":2147483647"#, #""x":-2147483648"#, #""time":"2016-12-31T23:59:60.123456789+14:00""#, #""time":"2024-02-29t00:00:00z""#,
        #""x":"""#, #""dataschema":"urn:x:y""#, #""datacontenttype":"application/vnd.x+json; a=\"b c\"""#,
        #""averyveryverylongattributename":"1""#, #""x":null"#, #""data_base64":null"#, #""data_base64":"""#,
    ])
    func edges(members: String) { #expect(poison(event(members)) == nil) }

    @Test("takes a source that is a URI reference and no other", arguments: [
        ("/a/b", true), ("a", true), ("1-555-123-4567", true), ("urn:uuid:6e8bc430", true), ("mailto:x@e.com", true),
        ("https://e.com/a?b=c#d", true), ("?q", true), ("./a:b", true), ("/caf%C3%A9", true),
        ("a b", false), ("1:2", false), (":x", false), ("a#b#c", false), ("/%zz", false), ("/%4", false), ("/café", false),
        ("<x>", false), (#"\\"#, false),
    ])
    func sources(source: String, valid: Bool) {
        let record = TestRecord.structured(#"{"specversion":"1.0","id":"1","source":"\#(source)","type":"t"}"#)
        #expect((poison(record) == nil) == valid)
    }

    @Test("without a value is poison")
    func tombstone() {
        let record = TestRecord(value: nil, headers: [("content-type", "application/cloudevents+json")])
        #expect(poison(record)?.hasPrefix("the value is missing") == true)
    }

    @Test("with more extensions than anybody needs is poison, quickly")
    func manyExtensions() {
        let members = (0..<100_000).map { "\"x\($0)\":\($0 % 2)" }.joined(separator: ",")
        #expect(poison(event(members)) == "more than 128 extension attributes")
    }
}
