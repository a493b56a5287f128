import Avro
import EventFormats
import EventModel

// Records become events, and events requests.
extension FuzzTarget {
    static let events: [FuzzTarget] = [
        FuzzTarget(
            "record",
            seeds: [
                "content-type: application/cloudevents+json\n\n" + #"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":[1,{"b":null}]},"ext":5}"#,
                "content-type: application/cloudevents\n\n"
                    + #"{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2018-04-05T03:56:24Z","data_base64":"Zm9vYg=="}"#,
                "ce_specversion: 1.0\nce_id: é\nce_source: /s\nce_type: t\nce_time: 2018-04-05T03:56:24Z\ncontent-type: text/plain; charset=\"utf-8\"\n\nfoo",
                "content-type: text/xml\nevent-id: 7\n\n<a/>", "\n" + #"{"id":"7","type":"a\u00e9"}"#, "\n\u{0}\u{0}\u{0}\u{0}\u{2}{\"id\":3}",
                "content-type: application/avro\n\n\u{0}\u{0}\u{0}\u{0}\u{1}\u{2}\u{4}hi",
            ],
            vectors: ["cloudevents-json", "JSONTestSuite/test_parsing"],
            words: [
                "ce_specversion: 1.0\n", "ce_id", "ce_time", "ce_dataschema", "content-type: ", "application/cloudevents+json", "application/json; charset=",
                "\"data_base64\":", "\"datacontenttype\":\"", "\\u00e9", "\\ud83d\\ude00", "\n\n",
            ]
        ) { Record($0).run() }
    ]

    /// Lines `name: value`, an empty one, and the value.
    private struct Record {
        private var headers: [RecordView.Header] = []
        private var value: UnsafeRawBufferPointer

        init(_ input: UnsafeRawBufferPointer) {
            value = input
            while true {
                let (line, rest) = value.split(at: UInt8(ascii: "\n"))
                value = rest
                if line.isEmpty || rest.isEmpty { break }
                var (name, text) = line.split(at: UInt8(ascii: ":"))
                while text.first == 0x20 { text = UnsafeRawBufferPointer(rebasing: text[1...]) }
                headers.append(RecordView.Header(name: name, value: text))
            }
        }

        func run() {
            let decoder = EventDecoder(topic: "shop.orders", mapping: Self.mapping, schemas: Schemas())
            let record = RecordView(
                topic: "shop.orders", partition: 3, offset: 42, timestamp: WallTime(milliseconds: 1_522_949_460_123), key: nil, value: value,
                headers: headers)
            guard let event = try? decoder.decode(record) else { return }
            require(!event.id.isEmpty && !event.source.isEmpty && !event.type.isEmpty, "an event without what it must have")
            for format in [PayloadFormat.structured, .binary, .raw] { Self.check(event, record, format) }
        }

        private static func check(_ event: Event, _ record: RecordView, _ format: PayloadFormat) {
            let body = ByteWriter()
            let headers = ByteWriter()
            var bytes = body.bytes
            switch PayloadEncoder.encode(event, of: record, format: format, body: body, headers: headers) {
            case .written: bytes = body.bytes
            case .view(let view): bytes = view
            }
            require(headers.isEmpty || headers.bytes.last == 0, "headers without an end")
            require(headers.bytes.allSatisfy { $0 == 0 || $0 == 9 || ($0 >= 0x20 && $0 < 0x7F) }, "a header that breaks its line")
            if format == .structured { require((try? JSONScanner.scan(bytes)) != nil, "a structured event that is not JSON") }
        }

        private static let mapping: EventMapping = {
            var mapping = EventMapping()
            mapping.id = .pointer("/id")
            mapping.subject = .header("event-id")
            return mapping
        }()
    }

    /// 1 is Avro, 2 is JSON.
    private final class Schemas: SchemaSource {
        struct Decoder: PayloadDecoder {
            let schema = try! AvroSchema(Array(#"{"type":"record","name":"R","fields":[{"name":"id","type":["null","string"]},{"name":"r","type":["null","R"]}]}"#.utf8))

            func append(_ payload: UnsafeRawBufferPointer, to writer: ByteWriter) throws(PoisonReason) {
                do throws(AvroError) {
                    try AvroDecoder.append(payload, of: schema, to: writer)
                } catch {
                    throw PoisonReason("\(error)")
                }
            }
        }

        func schema(_ id: ConfluentFrame.SchemaID) -> SchemaAnswer? {
            switch id {
            case 1: .decoder(Decoder())
            case 2: .json
            default: nil
            }
        }
    }
}
