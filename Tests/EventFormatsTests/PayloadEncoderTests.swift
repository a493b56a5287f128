import EventFormats
import EventModel
import Foundation
import Testing

@Suite("A request")
struct PayloadEncoderTests {
    static let envelope = #" {"specversion":"1.0","id":"1","source":"/s","type":"t", "data" : {"n":1.0,"n":1} } "#

    @Test("in structured format is the record itself where that is a structured event already")
    func passThrough() throws {
        let request = try Request(.structured(Self.envelope), .structured)
        #expect(request.isView && request.body == Self.envelope)
        #expect(request.headers == ["Content-Type: application/cloudevents+json; charset=utf-8"])
    }

    @Test("in structured format embeds JSON byte for byte")
    func structuredFromBinary() throws {
        let value = #"{ "big": 12345678901234567890.10e+0, "a":1, "a":2 }"#
        let request = try Request(.binary(value, [("content-type", "application/json"), ("ce_subject", "a\"b"), ("ce_x", "é")]), .structured)
        #expect(!request.isView)
        #expect(request.body
            == #"{"specversion":"1.0","id":"1","source":"/s","type":"t","subject":"a\"b","datacontenttype":"application/json","x":"é","data":"#
            + value + "}")
    }

    @Test("in structured format carries other data as text or base64", arguments: [
        ("text/plain", "a\"\n", #","datacontenttype":"text/plain","data":"a\"\n"}"#),
        ("application/avro", "foob", #","datacontenttype":"application/avro","data_base64":"Zm9vYg=="}"#),
        ("application/json", nil, #","datacontenttype":"application/json"}"#),
    ])
    func structuredData(contentType: String, value: String?, end: String) throws {
        let request = try Request(.binary(value, [("content-type", contentType)]), .structured)
        #expect(request.body == #"{"specversion":"1.0","id":"1","source":"/s","type":"t""# + end)
    }

    @Test("in binary format has the value untouched and attributes in headers")
    func binary() throws {
        let record = TestRecord.binary("\u{1}\u{0}", [
            ("content-type", "application/avro; v=\"1\""), ("ce_subject", "Euro € 😀 100% \"q\""), ("ce_time", "2018-04-05T03:56:24Z"),
            ("ce_dataschema", "https://e.com/s"), ("ce_x", "a~b"),
        ])
        let request = try Request(record, .binary)
        #expect(request.isView && request.body == "\u{1}\u{0}")
        #expect(request.headers == [
            "Content-Type: application/avro; v=\"1\"", "ce-specversion: 1.0", "ce-id: 1", "ce-source: /s", "ce-type: t",
            "ce-subject: Euro%20%E2%82%AC%20%F0%9F%98%80%20100%25%20%22q%22", "ce-time: 2018-04-05T03:56:24Z",
            "ce-dataschema: https://e.com/s", "ce-x: a~b",
        ])
    }

    @Test("in binary format keeps integers and booleans in their string form")
    func binaryTypes() throws {
        let record = TestRecord.structured(#"{"specversion":"1.0","id":"1","source":"/s","type":"t","n":-5,"b":true}"#)
        #expect(try Request(record, .binary).headers.suffix(2) == ["ce-n: -5", "ce-b: true"])
    }

    @Test("from a structured event has only the data, with the content type that is implied", arguments: PayloadFormat.allCases)
    func fromStructured(format: PayloadFormat) throws {
        guard format != .structured else { return }
        let request = try Request(.structured(Self.envelope), format)
        #expect(request.isView && request.body == #"{"n":1.0,"n":1}"#)
        #expect(request.headers.first == "Content-Type: application/json")
        // Decoded text lies in memory that the next record overwrites: it must be copied.
        let members = #""specversion":"1.0","id":"1","source":"/s","type":"t""#
        let escaped = try Request(.structured("{\(members),\"datacontenttype\":\"text/plain\",\"data\":\"a\\nb\"}"), format)
        #expect(!escaped.isView && escaped.body == "a\nb")
        let base64 = try Request(.structured("{\(members),\"data_base64\":\"Zm9v\"}"), format)
        #expect(!base64.isView && base64.body == "foo" && !base64.headers.contains { $0.hasPrefix("Content-Type") })
    }

    @Test("in raw format is the value and its content type, nothing else")
    func raw() throws {
        let request = try Request(TestRecord(key: "k", value: "[1]"), .raw)
        #expect(request.isView && request.body == "[1]" && request.headers == ["Content-Type: application/json"])
        let tombstone = try Request(TestRecord(key: "k", value: nil), .raw)
        #expect(tombstone.body.isEmpty && tombstone.headers.isEmpty)
    }

    @Test("never has a header that ends before its time, whatever an event says")
    func headerInjection() {
        var bytes = Array(UInt8.min...UInt8.max)
        bytes.withUnsafeMutableBytes { all in
            var event = Event()
            let all = UnsafeRawBufferPointer(all)
            (event.id, event.source, event.type, event.subject, event.time) = (all, all, all, all, all)
            (event.dataContentType, event.dataSchema) = (all, all)
            event.extensions = [Event.Extension(name: all, value: all)]
            let record = TestRecord(value: "1")
            defer { withExtendedLifetime(record) {} }
            for format in PayloadFormat.allCases {
                let headers = ByteWriter()
                _ = PayloadEncoder.encode(event, of: record.view, format: format, body: ByteWriter(), headers: headers)
                #expect(headers.bytes.allSatisfy { $0 == 0 || $0 == 0x09 || ($0 >= 0x20 && $0 < 0x7F) })
                #expect(headers.lines.count == [.structured: 1, .binary: 9, .raw: 1][format])
                #expect(headers.lines.allSatisfy { $0.contains(": ") })
            }
        }
    }

    @Test("is the same event after every change of mode")
    func roundTrip() throws {
        let original = #"{"specversion":"1.0","id":"i d","source":"/s","type":"t","subject":"é%\"","time":"2018-04-05T03:56:24Z","#
            + #""datacontenttype":"application/json","dataschema":"urn:x:y","n":5,"s":"\\","data":{"a":[1,2]}}"#
        let first = try decoded(.structured(original))
        let headers = try Request(.structured(original), .binary).headers.map { line in
            let parts = line.split(separator: ": ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (parts[0].lowercased().replacing("ce-", with: "ce_"), parts[1].removingPercentEncoding)
        }
        let binary = TestRecord(value: try Request(.structured(original), .binary).body, headers: headers)
        #expect(try decoded(binary) == first)
        let again = try Request(binary, .structured).body
        #expect(try decoded(.structured(again)) == first)
    }
}

@Suite("A batch")
struct BatchEncoderTests {
    private func batch(_ records: [TestRecord], _ format: PayloadFormat) throws -> (body: String, headers: [String]) {
        let decoder = EventDecoder(topic: "shop.orders", mapping: EventMapping())
        let body = ByteWriter()
        let headers = ByteWriter()
        var batch = BatchEncoder(format: format, body: body)
        for record in records { try withExtendedLifetime(record) { try batch.append(decoder.decode(record.view)) } }
        withExtendedLifetime(decoder) {}
        batch.finish(headers: headers)
        return (body.text, headers.lines)
    }

    @Test("of structured events is a JSON array of them")
    func structured() throws {
        let result = try batch([.structured(PayloadEncoderTests.envelope), .binary("1")], .structured)
        #expect(result.body
            == "[" + PayloadEncoderTests.envelope + #",{"specversion":"1.0","id":"1","source":"/s","type":"t","data":1}]"#)
        #expect(result.headers == ["Content-Type: application/cloudevents-batch+json; charset=utf-8"])
        #expect(try batch([], .structured).body == "[]")
    }

    @Test("of raw values is a JSON array of them, text as strings and no value as null")
    func raw() throws {
        let records = [TestRecord(value: #"{"a": 1.0}"#), TestRecord(value: "no \"json\""), TestRecord(value: nil), TestRecord(value: "")]
        let result = try batch(records, .raw)
        #expect(result.body == #"[{"a": 1.0},"no \"json\"",null,""]"#)
        #expect(result.headers == ["Content-Type: application/json"])
    }

    @Test("of raw values refuses bytes that JSON cannot hold and stays as it was")
    func unrepresentable() throws {
        let decoder = EventDecoder(topic: "t", mapping: EventMapping())
        let body = ByteWriter()
        var batch = BatchEncoder(format: .raw, body: body)
        let number = TestRecord(value: "1")
        try withExtendedLifetime(number) { try batch.append(decoder.decode(number.view)) }
        let bytes = TestRecord(key: nil, value: [0xFF, 0xFE])
        let event = try decoder.decode(bytes.view)
        defer { withExtendedLifetime((bytes, decoder)) {} }
        #expect(throws: PoisonReason("the value is neither JSON nor UTF-8 text, so it cannot be part of a raw batch")) {
            try batch.append(event)
        }
        #expect(body.text == "[1" && batch.count == 1)
    }
}
