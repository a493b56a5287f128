import EventFormats
import Spans
import Testing

/// That what is written is what OpenTelemetry's own classes read, the end-to-end tests show.
@Suite struct SpanWriterTests {
    private let context = TraceContext(traceID: TraceID(high: 1, low: 2), span: 3, flags: 1)

    @Test(arguments: [
        (0, [0]), (127, [0x7F]), (128, [0x80, 1]), (300, [0xAC, 2]), (.max, [UInt8](repeating: 0xFF, count: 9) + [1]),
    ] as [(UInt64, [UInt8])])
    func `numbers have as many bytes as they need`(number: UInt64, bytes: [UInt8]) {
        let writer = ByteWriter()
        writer.append(varint: number)
        #expect(Array(writer.bytes) == bytes && ByteWriter.length(ofVarint: number) == bytes.count)
    }

    @Test func `a span says how long it is`() {
        let writer = SpanWriter()
        writer.write("name", .client, context, parent: 4, start: 20, end: 10) {
            $0.add("text", String(repeating: "x", count: 200))
            $0.add("number", -1)
            $0.fail("why")
        }
        let bytes = Array(writer.bytes)
        #expect(bytes[0] == 2 << 3 | 2 && Int(bytes[1] & 0x7F) | Int(bytes[2]) << 7 == bytes.count - 3)
        // Never before its start.
        #expect(bytes.contains([8 << 3 | 1, 20]))
    }

    @Test func `links beyond the limit are counted`() {
        let few = SpanWriter()
        few.write("name", .client, context, parent: nil, start: 0, end: 0) { for _ in 0..<SpanWriter.mostLinks { $0.link(context) } }
        let many = SpanWriter()
        many.write("name", .client, context, parent: nil, start: 0, end: 0) { for _ in 0..<SpanWriter.mostLinks + 5 { $0.link(context) } }
        #expect(many.bytes.count == few.bytes.count + 2)
        #expect(Array(many.bytes).contains([14 << 3, 5]))
    }

    @Test func `a request holds all that was handed over`() {
        let request = TraceRequest(group: "g", instance: "i", version: "v")
        let empty = request.body([])
        #expect(request.body([[1, 2], [3]]).count == empty.count + 3)
    }
}
