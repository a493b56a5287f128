package import EventModel
package import KafkaClient

/// The headers of our own in the retry and dead-letter topics, read back.
package struct RetryHeaders {
    let headers: RecordHeaders

    package init(_ record: KafkaRecord) { headers = record.headers }

    package var subscription: String? { text("fanfare-subscription") }
    package var topic: String? { text("fanfare-topic") }
    package var partition: Int32? { number("fanfare-partition").flatMap { Int32(exactly: $0) } }
    package var offset: Int64? { number("fanfare-offset") }
    package var timestamp: Int64? { number("fanfare-timestamp") }
    package var due: Int64? { number("fanfare-due") }
    /// When an operator's command wrote the record, a redrive or a replay: `giveUpAfter` counts from then.
    package var asked: Int64? { number("fanfare-asked") }
    /// The value stands only at the source.
    package var isReference: Bool { headers.last(named: "fanfare-reference")?.value?.elementsEqual("true".utf8) ?? false }
    /// The name of a replay.
    package var replay: UnsafeRawBufferPointer? { headers.last(named: "fanfare-replay")?.value }
    package var attempts: Int? { number("fanfare-attempt").map { Int(clamping: $0) } }
    /// Not among the headers that users rely on: how much of the schedule is spent, which attempts during an outage do not.
    package var retries: Int? { number("fanfare-retries").map { Int(clamping: $0) } }
    package var firstAttempt: WallTime? { text("fanfare-first-attempt").flatMap { WallTime(rfc3339: $0) } }

    private func text(_ name: StaticString) -> String? {
        guard let value = headers.last(named: name)?.value else { return nil }
        return String(decoding: value, as: UTF8.self)
    }

    /// Decimal, without allocation; nil for what is none, or more than 64 bits hold.
    package func number(_ name: StaticString) -> Int64? {
        guard let value = headers.last(named: name)?.value else { return nil }
        let isNegative = value.first == UInt8(ascii: "-")
        let digits = value[(isNegative ? 1 : 0)...]
        guard !digits.isEmpty else { return nil }
        var result: Int64 = 0
        for byte in digits {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (shifted, overflows) = result.multipliedReportingOverflow(by: 10)
            let (sum, overflowsStill) = shifted.addingReportingOverflow(Int64(byte - 0x30))
            guard !overflows, !overflowsStill else { return nil }
            result = sum
        }
        return isNegative ? -result : result
    }
}
