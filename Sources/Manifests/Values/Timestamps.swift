package import EventModel

/// RFC 3339 date and time, as `2026-05-01T00:00:00Z`.
package enum Timestamps {
    package static func parse(_ text: String) -> WallTime? {
        var bytes = Array(text.utf8)[...]
        func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
            guard bytes.count >= digits, bytes.prefix(digits).allSatisfy(ASCII.isDigit) else { return nil }
            let value = bytes.prefix(digits).reduce(0) { $0 * 10 + Int($1 - 0x30) }
            bytes = bytes.dropFirst(digits)
            return range.contains(value) ? value : nil
        }
        func take(_ any: String) -> Bool {
            guard let first = bytes.first, any.utf8.contains(first) else { return false }
            bytes = bytes.dropFirst()
            return true
        }
        guard let year = number(4, 1970...9999), take("-"), let month = number(2, 1...12), take("-"),
            let day = number(2, 1...daysIn(month, of: year)), take("Tt "), let hour = number(2, 0...23), take(":"),
            let minute = number(2, 0...59), take(":"), let second = number(2, 0...59)
        else { return nil }
        var milliseconds = 0
        if take(".") {
            let digits = bytes.prefix(while: ASCII.isDigit)
            guard !digits.isEmpty else { return nil }
            for place in 0..<3 {
                let index = digits.startIndex + place
                milliseconds = milliseconds * 10 + (index < digits.endIndex ? Int(digits[index] - 0x30) : 0)
            }
            bytes = bytes.dropFirst(digits.count)
        }
        var offset = 0
        if !take("Zz") {
            let isWest = bytes.first == 0x2D
            guard take("+-"), let hours = number(2, 0...23), take(":"), let minutes = number(2, 0...59) else { return nil }
            offset = (hours * 60 + minutes) * (isWest ? -1 : 1)
        }
        guard bytes.isEmpty else { return nil }
        let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - offset
        return WallTime(milliseconds: Int64(minutes * 60 + second) * 1000 + Int64(milliseconds))
    }

    private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func daysIn(_ month: Int, of year: Int) -> Int {
        month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days since 1970-01-01.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        var days = (year - 1970) * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 - 477
        for earlier in 1..<month { days += daysIn(earlier, of: year) }
        return days + day - 1
    }
}
