package import EventModel
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
    var attempts: Int? { number("fanfare-attempt").map { Int(clamping: $0) } }
    /// Not among the headers that users rely on: how much of the schedule is spent, which attempts during an outage do not.
    var retries: Int? { number("fanfare-retries").map { Int(clamping: $0) } }
    var firstAttempt: WallTime? { text("fanfare-first-attempt").flatMap { Timestamp.parse($0) } }

    private func text(_ name: StaticString) -> String? {
        guard let value = headers.last(named: name)?.value else { return nil }
        return String(decoding: value, as: UTF8.self)
    }

    /// Decimal, without allocation.
    private func number(_ name: StaticString) -> Int64? {
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

/// RFC 3339 in UTC with milliseconds, as the bookkeeping headers have it.
package enum Timestamp {
    package static func text(_ time: WallTime) -> String {
        let days = Int((Double(time.milliseconds) / 86_400_000).rounded(.down))
        let inDay = Int(time.milliseconds) - days * 86_400_000
        // Days to civil date, Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(pad(inDay / 3_600_000, 2)):\(pad(inDay / 60_000 % 60, 2))"
            + ":\(pad(inDay / 1000 % 60, 2)).\(pad(inDay % 1000, 3))Z"
    }

    /// Reads what `text` writes; nil for anything else.
    static func parse(_ text: String) -> WallTime? {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, bytes[23] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64? { Int64(String(decoding: bytes[range], as: UTF8.self)) }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), let millisecond = number(20..<23)
        else { return nil }
        let y = month <= 2 ? year - 1 : year
        let era = y / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return WallTime(milliseconds: ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millisecond)
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
