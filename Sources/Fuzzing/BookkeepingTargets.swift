import Control
import DeliveryCore
import EventModel

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
    ]
}
