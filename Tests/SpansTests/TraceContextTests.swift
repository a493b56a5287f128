import EventFormats
import EventModel
import Spans
import Testing

@Suite struct TraceContextTests {
    private static let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func read(_ text: String) -> TraceContext? {
        var text = text
        return text.withUTF8 { TraceContext(UnsafeRawBufferPointer($0)) }
    }

    private func written(_ context: TraceContext) -> String {
        let writer = ByteWriter()
        context.append(to: writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `what is read is written again`() throws {
        let context = try #require(read(Self.good))
        #expect(context.isSampled && context.span == 0xB7AD_6B71_6920_3331)
        #expect(context.traceID == TraceID(high: 0x0AF7_6519_16CD_43DD, low: 0x8448_EB21_1C80_319C))
        #expect(written(context) == Self.good)
    }

    /// https://www.w3.org/TR/trace-context/#versioning-of-traceparent
    @Test func `a later version is read as far as it is known, and flags that are not known end here`() {
        #expect(read("cc" + Self.good.dropFirst(2) + "-more").map(written) == Self.good)
        #expect(read(Self.good.dropLast(2) + "ff").map(written) == Self.good.dropLast(2) + "03")
    }

    @Test(arguments: [
        "", "00", good + "-more", "ff" + good.dropFirst(2), "cc" + good.dropFirst(2) + "more", good.uppercased(), String(good.dropLast()),
        "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
    ])
    func `what is no context begins a trace`(text: String) {
        #expect(read(text) == nil)
    }
}

@Suite struct TracedEventTests {
    private func view(_ offset: Int64, key: UnsafeRawBufferPointer? = nil, timestamp: Int64 = 5, headers: [RecordView.Header] = []) -> RecordView {
        RecordView(
            topic: "orders", partition: 3, offset: offset, timestamp: WallTime(milliseconds: timestamp), key: key, value: nil, headers: headers)
    }

    private func event(_ view: RecordView, _ subscription: String = "billing", asked: Int64 = 0, share: Double = 1) -> TracedEvent {
        TracedEvent(view, group: "fanfare", subscription: subscription, asked: asked, sample: TraceSample(share))
    }

    @Test func `ids follow from the event's place alone, and spans differ by subscription, step and number`() {
        let one = event(view(7))
        #expect(one.traceID == event(view(7)).traceID && one.span(.attempt, 2) == event(view(7)).span(.attempt, 2))
        #expect(one.traceID == event(view(7), "search").traceID, "one trace for all")
        #expect(one.traceID != event(view(8)).traceID && one.traceID != event(view(7, timestamp: 6)).traceID)
        let spans = [
            one.span(.attempt, 2), one.span(.attempt, 3), one.span(.route, 3, 7), one.span(.route, 4, 7), one.span(.settle, 3, 7), one.span(.consume),
            event(view(7), "search").span(.attempt, 2), event(view(8)).span(.attempt, 2), event(view(7), asked: 9).span(.attempt, 2),
        ]
        #expect(Set(spans).count == spans.count && !spans.contains(0))
        #expect(one.parentOfRetries == one.span(.consume) && event(view(7), asked: 9).parentOfRetries == nil)
    }

    @Test func `a sample has about its share, and a larger one has those of a smaller one`() {
        let events = (0..<10_000).map { view($0) }
        #expect(events.count { event($0, share: 0).isSampled } == 0)
        #expect(events.count { event($0, share: 1).isSampled } == events.count)
        let tenth = events.filter { event($0, share: 0.1).isSampled }
        #expect((900...1100).contains(tenth.count))
        #expect(tenth.allSatisfy { event($0, share: 0.3).isSampled })
        #expect(Set(events.map { event($0).traceID.high }).count == events.count && Set(events.map { event($0).traceID.low }).count == events.count)
    }

    @Test(arguments: [("01", 0.0), ("00", 1.0)]) func `the producer's word goes before the share`(flags: String, share: Double) {
        let name = Array("traceparent".utf8)
        let value = Array("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\(flags)".utf8)
        name.withUnsafeBytes { name in
            value.withUnsafeBytes { value in
                let event = event(view(7, headers: [RecordView.Header(name: name, value: value)]), share: share)
                #expect(event.isSampled == (flags == "01") && event.producer == 0xB7AD_6B71_6920_3331)
                #expect(event.traceID == TraceID(high: 0x0AF7_6519_16CD_43DD, low: 0x8448_EB21_1C80_319C))
            }
        }
    }
}
