import Aggregation
import EventFormats
import EventModel
import Testing

@Suite("The event of a complete window")
struct WindowEventTests {
    @Test func saysWhatTheWindowHeld() throws {
        let test = TestStore(
            [("orders", .count), ("revenue", .sum("/data/total")), ("buyers", .distinct("/data/buyer", limit: 1)), ("ids", .list("/id", limit: 2))],
            groupBy: [.key]
        ) { $0.shape = .session(gap: .minutes(1), max: .hours(1)) }
        var window: Int?
        for (index, payload) in [#"{"total":0.10,"buyer":"a"}"#, #"{"total":0.2,"buyer":"b"}"#, #"{"total":1e1}"#].enumerated() {
            try test.look(TestRecord(key: Array(#"k"1"#.utf8), value: payload, offset: Int64(40 + index)))
            window = window ?? test.store.open()
            test.store.add(to: window!)
        }
        // The id was computed by other means: SHA-256 over the parts, each behind its length in eight bytes.
        #expect(
            test.event(window!, start: 1_780_272_000_000, end: 1_780_272_060_250)
                == ##"{"specversion":"1.0","id":"window_720c57ea50b49b4ee6270c0480b10e06","source":"kafka:shop.orders","type":"shop.orders.window","##
                + ##""subject":"k\"1","time":"2026-06-01T00:01:00.250Z","datacontenttype":"application/json","data":{"window":"##
                + ##"{"start":"2026-06-01T00:00:00.000Z","end":"2026-06-01T00:01:00.250Z","type":"session"},"group":{"key":"k\"1"},"count":3,"##
                + ##""aggregates":{"orders":3,"revenue":10.3,"buyers":1,"ids":["shop.orders-3-40","shop.orders-3-41"]},"truncated":["buyers","ids"]}}"##)
    }

    /// What the topic's decoder makes of the event of a window of this group.
    private func decoded(
        _ groupBy: [GroupKey], _ record: TestRecord, _ more: (inout WindowPolicy) -> Void = { _ in }
    ) throws -> (group: String, subject: String?, type: String) {
        let test = TestStore(groupBy: groupBy, more)
        try test.look(record)
        let value = test.event(test.store.open())
        let event = TestRecord(value: value, headers: [("content-type", "application/cloudevents+json; charset=utf-8")])
        let decoder = EventDecoder(topic: "shop.orders", mapping: EventMapping())
        let read = try decoder.decode(event.view)
        #expect(read.dataKind == .json)
        let group = EventField(pointer: "/data/group").find(in: read)!.raw
        return withExtendedLifetime((decoder, event)) {
            (
                String(decoding: group, as: UTF8.self), read.subject.map { String(decoding: $0, as: UTF8.self) },
                String(decoding: read.type, as: UTF8.self)
            )
        }
    }

    @Test func namesItsGroupByWhatEventsAreGroupedBy() throws {
        let record = TestRecord(#"{"a":{"b/c":[1.50]},"t":"x"}"#, attributes: [("subject", "s"), ("tenant", "acme")])
        let groupBy: [GroupKey] = [.key, .attribute("tenant"), .pointer("/subject"), .pointer("/data/a/b~1c"), .pointer("/data/none"), .pointer("/data/t")]
        let event = try decoded(groupBy, record)
        #expect(event.group == #"{"key":null,"tenant":"acme","/subject":"s","/data/a/b~1c":[1.5],"/data/none":null,"/data/t":"x"}"#)
        #expect(event.subject == nil)
        #expect(event.type == "shop.orders.window")
        #expect(try decoded([], record).group == "{}")
        #expect(try decoded([], record) { $0.eventType = "order.summary" }.type == "order.summary")
    }

    @Test(arguments: [(#""ab""#, "ab"), (#""a\"b""#, #"a"b"#), (#""""#, nil), (#""a\nb""#, nil), ("1", nil), ("null", nil), (#"["a"]"#, nil)])
    func hasAGroupOfOneTextAsItsSubject(_ value: String, _ subject: String?) throws {
        #expect(try decoded([.pointer("/data/g")], TestRecord(value: #"{"g":\#(value)}"#)).subject == subject)
    }

    @Test func hasTheRecordKeyThatItsEventsHaveInCommon() throws {
        func key(_ groupBy: [GroupKey], _ key: [UInt8]?) throws -> [UInt8]? {
            let test = TestStore(groupBy: groupBy)
            try test.look(TestRecord(key: key, value: #"{"g":1.0}"#))
            let writer = ByteWriter()
            return test.store.appendKey(of: test.store.open(), to: writer) ? Array(writer.bytes) : nil
        }
        for bytes in [[], Array("k\"\u{7}é".utf8), [0xFF, 0, 1], [0xC3]] as [[UInt8]] {
            #expect(try key([.key], bytes) == bytes)
            #expect(try key([.pointer("/data/g"), .key], bytes) == bytes)
        }
        #expect(try key([.key], nil) == nil)
        #expect(try key([.pointer("/data/g")], [1]) == Array("[1]".utf8))
        #expect(try key([], [1]) == Array("[]".utf8))
    }

    @Test func aKeyOfOtherBytesIsNotTakenForText() throws {
        #expect(try decoded([.key], TestRecord(key: [0xFF, 0, 1], value: "{}")).group == #"{"key":{"base64":"/wAB"}}"#)
        #expect(try decoded([.key], TestRecord(key: Array("/wAB".utf8), value: "{}")).group == #"{"key":"/wAB"}"#)
    }

    @Test func aRecordThatIsNoEventIsPoison() {
        let record = TestRecord(value: "{}", headers: [("ce_specversion", "1.0")])
        #expect(TestStore().poison(record) == "required attribute id is missing")
    }
}
