import EventFormats
import EventModel
import Testing

@Suite("A record that is no CloudEvent")
struct PlainRecordTests {
    private func mapping(_ change: (inout EventMapping) -> Void) -> EventMapping {
        var mapping = EventMapping()
        change(&mapping)
        return mapping
    }

    @Test("becomes an event by the defaults")
    func defaults() throws {
        let result = try decoded(TestRecord(key: "customer-7", value: #"{"a":1}"#))
        #expect(result.id == "shop.orders-3-42" && result.type == "shop.orders" && result.source == "kafka:shop.orders")
        #expect(result.subject == "customer-7" && result.time == "2018-04-05T17:31:00.123Z")
        #expect(result.contentType == "application/json" && result.kind == .json && result.extensions.isEmpty)
    }

    @Test("is of the content type that its header says, else of the one that its value shows", arguments: [
        (nil, "{}", "application/json", .json), (nil, "{", "application/octet-stream", .binary),
        ("text/csv", "a,b", "text/csv", .text), ("application/json", "{", "application/json", .binary),
        ("application/json", "{}", "application/json", .json), ("garbage", "1", "application/json", .json),
        ("application/avro", "1", "application/avro", .binary),
    ] as [(String?, String, String, Event.DataKind)])
    func contentTypes(header: String?, value: String, contentType: String, kind: Event.DataKind) throws {
        let result = try decoded(TestRecord(value: value, headers: header.map { [("content-type", $0)] } ?? []))
        #expect(result.contentType == contentType && result.kind == kind)
    }

    @Test("finds by pointer what a parser would find", arguments: [
        ("/a", #"{"a":"1","b":"x","a":"2"}"#, "2"), ("/a", #"{"a":"1","\u0061":"2","aa":"3"}"#, "2"),
        ("/o/a", #"{"o":{"a":"1"},"o":{"b":[{}],"a":"2"}}"#, "2"), ("/0", #"["x",{"0":"y"}]"#, "x"), ("", #" "x" "#, "x"),
        ("/", #"{"":"x"}"#, "x"), ("/a/1/b", #"{"a":[0,{"b":"x"}]}"#, "x"),
    ])
    func pointers(pointer: String, value: String, expected: String) throws {
        #expect(try decoded(TestRecord(value: value), mapping: mapping { $0.id = .pointer(pointer) }).id == expected)
    }

    @Test("without a value is an event without data")
    func tombstone() throws {
        let result = try decoded(TestRecord(key: "k", value: nil))
        #expect(result.kind == .none && result.contentType == nil && result.subject == "k")
    }

    @Test("has no subject where the key is no text, and no time where the record has none")
    func absent() throws {
        for key in [nil, [], [0xFF], [0x41, 0x0A]] as [[UInt8]?] {
            #expect(try decoded(TestRecord(key: key, value: [1])).subject == nil)
        }
        for timestamp in [-1, Int64.min, Int64.max, 253_402_300_800_000] {
            let record = TestRecord(value: "1")
            record.timestamp = timestamp
            #expect(try decoded(record).time == nil)
        }
    }

    @Test("has a source that is a URI whatever the topic is called")
    func source() throws {
        let record = TestRecord(value: "1")
        record.topic = "übel topic"
        #expect(try decoded(record).source == "kafka:%C3%BCbel%20topic")
    }

    @Test("takes each attribute from where the mapping says")
    func mapped() throws {
        let mapping = mapping {
            $0.id = .pointer("/order/id")
            $0.type = .pointer("/type")
            $0.source = .value("/shop/orders")
            $0.subject = .header("customer")
            $0.time = .pointer("/at")
        }
        let record = TestRecord(
            key: "k", value: #"{"order":{"id":17},"type":"order.\u0063reated","at":"2020-01-01T00:00:00Z"}"#,
            headers: [("customer", "old"), ("customer", "c-1")])
        let result = try decoded(record, mapping: mapping)
        #expect(result.id == "17" && result.type == "order.created" && result.source == "/shop/orders")
        #expect(result.subject == "c-1" && result.time == "2020-01-01T00:00:00Z")
    }

    @Test("may take attributes from the key and the timestamp")
    func keyAndTimestamp() throws {
        let mapping = mapping {
            $0.id = .key
            $0.subject = .timestamp
        }
        let result = try decoded(TestRecord(key: "k", value: "1"), mapping: mapping)
        #expect(result.id == "k" && result.subject == "2018-04-05T17:31:00.123Z")
    }

    @Test("is poison where a required attribute is not to be found, and the reason says where it was looked for", arguments: [
        (.pointer("/id"), #"{"x":1}"#, "id: pointer /id finds nothing in the value"),
        (.pointer("/id"), #"{"id":null}"#, "id: pointer /id finds nothing in the value"),
        (.pointer("/id"), #"{"id":{}}"#, "id: pointer /id finds an object, not a text"),
        (.pointer("/id"), #"{"id":""}"#, "id is empty"),
        (.pointer("/id"), #"{"id":"\ud800"}"#, "id: pointer /id finds half a surrogate pair"),
        (.pointer("/id"), "nonsense", "id: pointer /id finds nothing, the value is not JSON"),
        (.pointer("/id"), nil, "id: pointer /id finds nothing, the record has no value"),
        (.pointer("id"), "{}", "id: pointer id is not a JSON pointer"),
        (.header("event-id"), "{}", #"id: header "event-id" is missing"#),
        (.header("fanfare-topic"), "{}", #"id: header "fanfare-topic" is missing"#),
        (.key, "{}", "id: the record's key is missing or not text"),
    ] as [(AttributeSource, String?, String)])
    func missing(source: AttributeSource, value: String?, reason: String) {
        let record = TestRecord(value: value, headers: [("fanfare-topic", "x")])
        #expect(poison(record, mapping: mapping { $0.id = source }) == reason)
    }

    @Test("lacks an optional attribute that is not to be found")
    func missingOptional() throws {
        let mapping = mapping {
            $0.subject = .pointer("/subject")
            $0.time = .pointer("/time")
        }
        for value in ["{}", "no json", #"{"subject":null}"#] {
            let result = try decoded(TestRecord(key: "k", value: value), mapping: mapping)
            #expect(result.subject == nil && result.time == nil)
        }
        #expect(poison(TestRecord(value: #"{"time":"soon"}"#), mapping: mapping) == "time is not an RFC 3339 time")
    }

    @Test("keeps every attribute when the decoder's memory has to move")
    func growth() throws {
        let long = String(repeating: #"\u0041"#, count: 100_000)
        let mapping = mapping {
            $0.id = .pointer("/id")
            $0.type = .pointer("/type")
            $0.subject = .pointer("/subject")
        }
        let result = try decoded(
            TestRecord(value: #"{"id":"i\u0064","type":"\#(long)","subject":"\#(long)"}"#), mapping: mapping)
        #expect(result.id == "id" && result.time == "2018-04-05T17:31:00.123Z")
        #expect(result.type == String(repeating: "A", count: 100_000) && result.subject == result.type)
    }

    @Test("uses the coordinates of the record that is given, as for one that comes back from the retry topic")
    func coordinates() throws {
        let decoder = EventDecoder(topic: "shop.orders", mapping: EventMapping())
        let record = TestRecord(value: "1", headers: [("fanfare-offset", "42"), ("fanfare-topic", "shop.orders")])
        record.offset = 9_000_000_000
        let event = try decoder.decode(record.view)
        #expect(text(event.id) == "shop.orders-3-9000000000")
        withExtendedLifetime((record, decoder)) {}
    }
}
