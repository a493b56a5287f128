import EventModel
import KafkaClient

/// The headers of our own in the retry and dead-letter topics, read back.
struct RetryHeaders {
    let headers: RecordHeaders

    init(_ record: KafkaRecord) { headers = record.headers }

    var subscription: String? { text("fanfare-subscription") }
    var topic: String? { text("fanfare-topic") }
    var partition: Int32? { number("fanfare-partition").flatMap { Int32(exactly: $0) } }
    var offset: Int64? { number("fanfare-offset") }
    var timestamp: Int64? { number("fanfare-timestamp") }
    var due: Int64? { number("fanfare-due") }
    /// When an operator's command wrote the record, a redrive or a replay: `giveUpAfter` counts from then.
    var asked: Int64? { number("fanfare-asked") }
    /// The value stands only at the source.
    var isReference: Bool { headers.last(named: "fanfare-reference")?.value?.elementsEqual("true".utf8) ?? false }
    /// The name of a replay.
    var replay: UnsafeRawBufferPointer? { headers.last(named: "fanfare-replay")?.value }
    var attempts: Int? { number("fanfare-attempt").map { Int(clamping: $0) } }
    /// Not among the headers that users rely on: how much of the schedule is spent, which attempts during an outage do not.
    var retries: Int? { number("fanfare-retries").map { Int(clamping: $0) } }
    var firstAttempt: WallTime? { text("fanfare-first-attempt").flatMap { WallTime(rfc3339: $0) } }

    private func text(_ name: StaticString) -> String? {
        guard let value = headers.last(named: name)?.value else { return nil }
        return String(decoding: value, as: UTF8.self)
    }

    /// Decimal, without allocation.
    func number(_ name: StaticString) -> Int64? {
        guard let value = headers.last(named: name)?.value, !value.isEmpty, value.count < 20 else { return nil }
        var result: Int64 = 0
        var digits = value[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits.removeFirst() }
        for byte in digits {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            result = result &* 10 &+ Int64(byte &- 0x30)
        }
        return isNegative ? -result : result
    }
}
