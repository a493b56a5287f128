import EventFormats
import EventModel
import Testing

/// Records that nobody would send, from seeds. A failure prints its seed; the same seed makes the same records.
@Suite("Hostile records")
struct RobustnessTests {
    private static let seeds: [UInt64] = Array(1...8)
    private static let rounds = 2_000

    private static let fragments: [String] = [
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":[1,2,{"b":null}]},"ext":5}"#,
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"text/plain","data":"x\u00e9\ud83d\ude00"}"#,
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"Zm9vYmFy","time":"2018-04-05T03:56:24Z"}"#,
        #"{"id":"a","type":"b\n","deep":[[[[{"x":"y"}]]]]}"#, "1", "", "\"\\u", "application/json; charset=", "2018-04-05T", "/a%2",
    ]
    private static let names = [
        "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_x", "ce_", "ce_data", "ce_dataschema",
        "content-type", "fanfare-topic", "event-id", "",
    ]
    private static let values = [
        "1.0", "1", "/s", "t", "2018-04-05T03:56:24Z", "application/json", "application/cloudevents+json", "text/plain",
        "application/cloudevents", "urn:x:y",
    ]

    private func mutated(_ text: String, _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let position = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
            case 1 where position < bytes.count: bytes.remove(at: position)
            case 2 where position < bytes.count: bytes[position] = UInt8.random(in: 0...255, using: &random)
            case 3: bytes.removeSubrange(position...)
            default: bytes.insert(contentsOf: Self.fragments.randomElement(using: &random)!.utf8.prefix(20), at: position)
            }
        }
        return bytes
    }

    private func record(_ random: inout SeededGenerator) -> TestRecord {
        var headers: [([UInt8], [UInt8]?)] = []
        // Often enough a valid beginning, so that what comes behind it is reached.
        if Bool.random(using: &random) {
            headers = [("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", "/s"), ("ce_type", "t")].map { (Array($0.0.utf8), Array($0.1.utf8)) }
        } else if Bool.random(using: &random) {
            headers = [(Array("content-type".utf8), Array("application/cloudevents+json".utf8))]
        }
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let value = Int.random(in: 0..<8, using: &random) == 0 ? nil : mutated(Self.values.randomElement(using: &random)!, &random)
            headers.append((mutated(Self.names.randomElement(using: &random)!, &random), value))
        }
        let value = Int.random(in: 0..<10, using: &random) == 0 ? nil : mutated(Self.fragments.randomElement(using: &random)!, &random)
        let record = TestRecord(key: Bool.random(using: &random) ? nil : mutated("key", &random), value: value, headers: headers)
        record.timestamp = Bool.random(using: &random) ? 1_522_949_460_123 : Int64.random(in: .min ... .max, using: &random)
        record.offset = Int64.random(in: .min ... .max, using: &random)
        return record
    }

    @Test("become an event or poison, and every event a request that is well-formed", arguments: seeds)
    func neverCrash(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var mapping = EventMapping()
        mapping.subject = .pointer("/deep/0/0/0/0/x")
        mapping.type = seed % 2 == 0 ? .pointer("/type") : nil
        let decoder = EventDecoder(topic: "shop.orders", mapping: mapping)
        let body = ByteWriter()
        let headers = ByteWriter()
        var events = 0
        for _ in 0..<Self.rounds {
            let record = record(&random)
            defer { withExtendedLifetime((record, decoder)) {} }
            let event: Event
            do throws(PoisonReason) {
                event = try decoder.decode(record.view)
            } catch {
                #expect(error.message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F }, "seed \(seed)")
                continue
            }
            events += 1
            for format in PayloadFormat.allCases {
                body.removeAll()
                headers.removeAll()
                let result = PayloadEncoder.encode(event, of: record.view, format: format, body: body, headers: headers)
                #expect(headers.bytes.allSatisfy { $0 == 0 || $0 == 0x09 || ($0 >= 0x20 && $0 < 0x7F) }, "seed \(seed)")
                guard format == .structured else { continue }
                let json = switch result {
                case .written: body.bytes
                case .view(let bytes): bytes
                }
                // What we send is an event that we would take, and the same one.
                let again = try decoded(TestRecord(
                    key: nil, value: Array(json), headers: [(Array("content-type".utf8), Array("application/cloudevents+json".utf8))]))
                var expected = EventText(event)
                if expected.kind == .binary || again.kind == .binary { expected.kind = again.kind }
                #expect(again == expected, "seed \(seed)")
            }
        }
        #expect(events > Self.rounds / 10, "the generator makes too little that is valid")
    }
}
