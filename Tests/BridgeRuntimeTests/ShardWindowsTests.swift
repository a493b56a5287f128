import BridgeRuntime
import DeliveryCore
import EventFormats
import EventModel
import KafkaClient
import Testing

@Suite("The windows of a shard")
struct ShardWindowsTests {
    private let windows = ShardWindows()
    private let id = SubscriptionID(index: 1)
    private let bounds = WindowBounds(start: WallTime(milliseconds: 0), end: WallTime(milliseconds: 60_000), offsets: 5...9)

    private func subscription(_ policy: (inout WindowPolicy) -> Void = { _ in }) -> Subscription {
        var subscription = Subscription(name: "billing", topic: "shop.orders", endpoint: "https://example.com")
        var window = WindowPolicy(shape: .tumbling(size: .minutes(1)))
        window.aggregates = [Aggregate(name: "total", function: .sum("/data/total"))]
        policy(&window)
        subscription.window = window
        return subscription
    }

    private func install(_ subscription: Subscription, _ mapping: EventMapping = EventMapping()) {
        windows.install([nil, (policy: subscription, decoder: EventDecoder(topic: "shop.orders", mapping: mapping))])
    }

    /// The record must be destroyed.
    private func record(_ value: String, key: String = "k", offset: Int64 = 5, headers: [(String, String)] = []) -> KafkaRecord {
        var (key, value) = (key, value)
        var list = HeaderList()
        for (name, value) in headers { list.append(name: name, value: value) }
        return key.withUTF8 { key in
            value.withUTF8 { value in
                KafkaRecord.made(
                    key: UnsafeRawBufferPointer(key), value: UnsafeRawBufferPointer(value), headers: &list,
                    timestamp: 30_000, partition: 2, offset: offset)
            }
        }
    }

    private func look(_ value: String, key: String = "k", then: (WindowedEvent) -> Void = { _ in }) {
        let record = record(value, key: key)
        then(windows.look(at: RecordToken(bits: record.bits), of: PartitionHandle(index: 0), for: id))
        record.destroy()
    }

    private func count(_ value: String, in window: Int, opening: Bool = false, key: String = "k") {
        look(value, key: key) { _ in
            if opening { windows.open(WindowID(index: window)) }
            windows.add(to: WindowID(index: window))
        }
    }

    /// The event of a window as its record has it.
    private func event(_ window: Int) -> (incoming: IncomingRecord, key: String?, value: String, contentType: String?, offsets: String?) {
        let incoming = windows.event(of: WindowID(index: window), bounds, at: WallTime(milliseconds: 99_000))
        let record = KafkaRecord(bits: incoming.token.bits)
        defer { record.destroy() }
        func text(_ bytes: UnsafeRawBufferPointer?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
        #expect((record.timestamp, record.partition, record.offset) == (99_000, 2, 5))
        return (
            incoming, text(record.key), text(record.value) ?? "", text(record.headers.last(named: "content-type")?.value),
            text(record.headers.last(named: "fanfare-window-offsets")?.value)
        )
    }

    @Test func aCompleteWindowIsARecordOfItsOwn() {
        install(subscription())
        look(#"{"total":1.5}"#) { #expect($0 == .event(WallTime(milliseconds: 30_000), group: 0)) }
        count(#"{"total":1.5}"#, in: 7, opening: true)
        count(#"{"total":2}"#, in: 7)
        let event = event(7)
        #expect(event.key == "k")
        #expect(event.contentType == "application/cloudevents+json; charset=utf-8")
        #expect(event.offsets == "5-9")
        #expect(event.value.contains(#""group":{"key":"k"},"count":2,"aggregates":{"total":3.5}}}"#))
        #expect((event.incoming.offset, event.incoming.timestamp.milliseconds, event.incoming.poison) == (5, 99_000, false))
        #expect(event.incoming.bytes > event.value.utf8.count)
        #expect(event.incoming.key != 0)
        windows.discard(WindowID(index: 7))
        #expect(windows.bytes(of: id) == 0)
    }

    @Test func windowsOfOneGroupShareAKeyAndOthersDoNot() {
        install(subscription())
        count("{}", in: 0, opening: true, key: "a")
        count("{}", in: 1, opening: true, key: "b")
        count("{}", in: 2, opening: true, key: "a")
        #expect(event(0).incoming.key == event(2).incoming.key)
        #expect(event(0).incoming.key != event(1).incoming.key)
        windows.merge(WindowID(index: 2), into: WindowID(index: 0))
        #expect(event(0).value.contains(#""count":2,"#))
        for index in 0..<2 { windows.discard(WindowID(index: index)) }
        #expect(windows.bytes(of: id) == 0)
    }

    @Test func whatCannotBeCountedIsPoisonWithItsReason() {
        install(subscription())
        look(#"{"total":"1"}"#) { #expect($0 == .poison("sum `total`: /data/total is a string, not a number")) }
    }

    /// Anybody who may write to the topic can write such headers.
    @Test func whatNoLogAndNoClockComesToIsOfSomebodyElse() {
        func source(offset: Int64, watermark: Int64?) -> SourcePlace? {
            var headers: [(String, String)] = [("fanfare-partition", "0"), ("fanfare-partitions", "1"), ("fanfare-offset", "\(offset)")]
            if let watermark { headers.append(("fanfare-watermark", "\(watermark)")) }
            let record = record("{}", headers: headers)
            defer { record.destroy() }
            return windows.source(of: RecordToken(bits: record.bits))
        }
        let latest: Int64 = 253_370_764_799_999
        #expect(source(offset: (1 << 62) - 1, watermark: latest)?.watermark == WallTime(milliseconds: latest))
        #expect(source(offset: 0, watermark: 0)?.offset == 0)
        #expect(source(offset: 7, watermark: nil)?.offset == 7)
        for offset in [-1, 1 << 62, .max] as [Int64] { #expect(source(offset: offset, watermark: 0) == nil) }
        for watermark in [-1, latest + 1, .max] { #expect(source(offset: 0, watermark: watermark) == nil) }
    }

    @Test func aReloadKeepsTheWindowsOfAPolicyThatStays() {
        install(subscription())
        count(#"{"total":1}"#, in: 0, opening: true)
        var changed = subscription()
        changed.endpoint = "https://elsewhere.example.com"
        var mapping = EventMapping()
        mapping.type = .value("order")
        install(changed, mapping)
        #expect(windows.bytes(of: id) > 0)
        count(#"{"total":1}"#, in: 0)
        #expect(event(0).value.contains(#""total":2"#))
    }

    @Test func aChangedPolicyBeginsWithNothing() {
        install(subscription())
        count(#"{"total":1}"#, in: 0, opening: true)
        install(subscription { $0.eventType = "order.summary" })
        #expect(windows.bytes(of: id) == 0)
        count(#"{"total":5}"#, in: 1, opening: true)
        #expect(event(1).value.contains(#""type":"order.summary""#))
        #expect(event(1).value.contains(#""total":5"#))
        // What was opened before is discarded where it was opened.
        windows.discard(WindowID(index: 0))
        #expect(windows.bytes(of: id) > 0)
    }
}
