import Glibc

/// `Retry-After` (RFC 9110, section 10.2.3) in either of its forms, not yet clamped.
public enum RetryAfter: Sendable, Equatable {
    /// So many seconds from now.
    case seconds(Int64)
    /// At this time, in seconds since 1970.
    case date(Int64)

    /// Nil when the value is neither a number of seconds nor an HTTP date.
    public init?(_ value: UnsafeRawBufferPointer) {
        if !value.isEmpty, value.allSatisfy(isDigit) {
            // A number too large to hold is a very long time, not nonsense.
            var seconds: Int64 = 0
            for digit in value {
                let (product, overflow) = seconds.multipliedReportingOverflow(by: 10)
                seconds = overflow || product > .max - 9 ? .max - 9 : product + Int64(digit - 0x30)
            }
            self = .seconds(seconds)
        } else if let date = HTTPDate.secondsSince1970(value) {
            self = .date(date)
        } else {
            return nil
        }
    }
}

/// The three forms of a date in HTTP (RFC 9110, section 5.6.7). Always UTC.
///
///     Sun, 06 Nov 1994 08:49:37 GMT    IMF-fixdate
///     Sunday, 06-Nov-94 08:49:37 GMT   RFC 850, obsolete
///     Sun Nov  6 08:49:37 1994         asctime, obsolete
enum HTTPDate {
    static func secondsSince1970(_ text: UnsafeRawBufferPointer) -> Int64? {
        var scanner = Scanner(rest: text[...])
        guard let weekday = scanner.word() else { return nil }
        let day: Int, month: Int, year: Int, hour: Int, minute: Int, second: Int
        if scanner.skip(",") {
            guard scanner.skip(" "), let d = scanner.number(2) else { return nil }
            let separator = scanner.skip("-") ? "-" as Unicode.Scalar : " "
            guard separator == "-" || scanner.skip(" "), let m = scanner.month(), scanner.skip(separator) else { return nil }
            if separator == "-" {
                guard weekdays.contains(weekday), let y = scanner.number(2) else { return nil }
                // "that appears to be more than 50 years in the future": the most recent past year with these digits.
                let now = thisYear()
                let candidate = now - now % 100 + y
                year = candidate > now + 50 ? candidate - 100 : candidate
            } else {
                guard shortWeekdays.contains(weekday), let y = scanner.number(4) else { return nil }
                year = y
            }
            guard scanner.skip(" "), let time = scanner.time(), scanner.skip(" "), scanner.word() == "GMT" else { return nil }
            (day, month) = (d, m)
            (hour, minute, second) = time
        } else {
            guard shortWeekdays.contains(weekday), scanner.skip(" "), let m = scanner.month(), scanner.skip(" "),
                let d = scanner.skip(" ") ? scanner.number(1) : scanner.number(2), scanner.skip(" "),
                let time = scanner.time(), scanner.skip(" "), let y = scanner.number(4)
            else { return nil }
            (day, month, year) = (d, m, y)
            (hour, minute, second) = time
        }
        // 60: a leap second is part of the grammar.
        guard scanner.rest.isEmpty, (1...daysIn(month, of: year)).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        return daysSince1970(year, month, day) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    }

    private static let shortWeekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    fileprivate static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func daysIn(_ month: Int, of year: Int) -> Int {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that the leap day is last
    /// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }

    private static func thisYear() -> Int {
        var seconds = time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return Int(parts.tm_year) + 1900
    }
}

private struct Scanner {
    var rest: Slice<UnsafeRawBufferPointer>

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest.removeFirst()
        return true
    }

    /// The letters that follow.
    mutating func word() -> String? {
        let letters = rest.prefix { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a }
        guard !letters.isEmpty else { return nil }
        rest = rest[letters.endIndex...]
        return String(decoding: letters, as: UTF8.self)
    }

    /// Exactly so many digits.
    mutating func number(_ digits: Int) -> Int? {
        let text = rest.prefix(digits)
        guard text.count == digits, text.allSatisfy(isDigit) else { return nil }
        rest = rest[text.endIndex...]
        return text.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// 1 to 12.
    mutating func month() -> Int? {
        word().flatMap(HTTPDate.months.firstIndex(of:)).map { $0 + 1 }
    }

    mutating func time() -> (Int, Int, Int)? {
        guard let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2) else { return nil }
        return (hour, minute, second)
    }
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
