import BridgeRuntime
import Control
import DeliveryCore
import EventModel
import KafkaClient

// What Fanfare itself writes into Kafka, and others may have written.
extension FuzzTarget {
    static let bookkeeping: [FuzzTarget] = [
        FuzzTarget("cursor", seeds: ["1:AQID", "1:gAEBAgM", "2:AAAAAAECAwQF", ""], words: ["1:", "2:", "____"]) { input in
            guard let text = input.text else { return }
            for base in [0, 1 << 40, Int64.max - 10] {
                if let settled = CursorMetadata.decode(base: base, text) {
                    require(settled.allSatisfy { $0.lowerBound >= base && !$0.isEmpty }, "settled before the base")
                    let (again, isComplete) = CursorMetadata.encode(base: base, settled: settled, limit: 1 << 20)
                    require(isComplete && CursorMetadata.decode(base: base, again) == settled, "settled offsets that read as others")
                }
                _ = WindowMetadata.decode(base: base, firstPlace: base, text)
            }
        },
        FuzzTarget(
            "control",
            seeds: ["pause/billing\n" + #"{"paused":true,"by":"me","at":"2026-01-01T00:00:00Z","reason":"x"}"#,
                "seek/billing\n" + #"{"id":"a","topic":"t","to":"latest","offsets":{"0":5},"by":"me","at":"2026-01-01T00:00:00Z"}"#],
            words: ["suspension/", "seek/", "replica/", "\"offsets\":{", "\"manifest\":"]
        ) { input in
            let (key, value) = input.split(at: UInt8(ascii: "\n"))
            guard let record = try? ControlRecord.read(key: key, value: value) else { return }
            var state = ControlState()
            state.apply(record)
        },
        FuzzTarget(
            "retry-headers",
            seeds: [
                "fanfare-subscription: billing\nfanfare-topic: shop.orders\nfanfare-partition: 3\nfanfare-offset: 42\nfanfare-timestamp: 1700000000000\n"
                    + "fanfare-due: 1700000005000\nfanfare-attempt: 2\nfanfare-retries: 1\nfanfare-first-attempt: 2026-01-01T00:00:00.000Z\n",
                "fanfare-asked: 1700000000000\nfanfare-replay: jan\nfanfare-reference: true\nfanfare-offset: -1\n",
            ],
            words: ["fanfare-offset: ", "fanfare-due: ", "fanfare-partition: ", "fanfare-attempt: ", "9223372036854775807", "-", "\n"]
        ) { input in
            let record = recordWithHeaders(input)
            defer { record.destroy() }
            let headers = RetryHeaders(record)
            _ = (headers.subscription, headers.topic, headers.isReference, headers.replay, headers.firstAttempt, headers.retries)
            if let due = headers.due { require(record.headers.last(named: "fanfare-due")?.value?.text.flatMap { Int64($0) } == due, "another number") }
        },
    ]

    /// Lines `name: value`. The record must be destroyed.
    private static func recordWithHeaders(_ input: UnsafeRawBufferPointer) -> KafkaRecord {
        var list = HeaderList()
        var rest = input
        while !rest.isEmpty {
            let (line, more) = rest.split(at: UInt8(ascii: "\n"))
            rest = more
            var (name, value) = line.split(at: UInt8(ascii: ":"))
            if value.first == 0x20 { value = UnsafeRawBufferPointer(rebasing: value[1...]) }
            if !name.isEmpty { list.append(name: name, value: value) }
        }
        return KafkaRecord.made(key: nil, value: nil, headers: &list, timestamp: 0, partition: 0, offset: 0)
    }
}
