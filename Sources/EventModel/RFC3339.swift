// RFC 3339 date and time, as `2026-05-01T00:00:00.250Z`.
extension WallTime {
    /// In UTC, with milliseconds.
    public var rfc3339: String {
        let (days, rest) = CivilDate.milliseconds(perDay: milliseconds)
        let date = CivilDate(daysSince1970: days)
        return "\(Self.pad(date.year, 4))-\(Self.pad(date.month, 2))-\(Self.pad(date.day, 2))"
            + "T\(Self.pad(rest / 3_600_000, 2)):\(Self.pad(rest / 60_000 % 60, 2))"
            + ":\(Self.pad(rest / 1000 % 60, 2)).\(Self.pad(rest % 1000, 3))Z"
    }

    /// With zeros in front.
    static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// As below, from 1970 on.
    public init?(rfc3339 text: String) {
        var text = text
        guard let time = text.withUTF8({ WallTime(rfc3339: UnsafeRawBufferPointer($0)) }), time.milliseconds >= 0 else {
            return nil
        }
        self = time
    }

    /// Any offset from UTC and any number of fractional digits; what is below a millisecond is cut off towards the past. A
    /// leap second is the first second after it, as POSIX counts. Nil for other text.
    public init?(rfc3339 text: UnsafeRawBufferPointer) {
        var rest = text[...]
        func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
            guard rest.count >= digits, rest.prefix(digits).allSatisfy(Self.isDigit) else { return nil }
            let value = rest.prefix(digits).reduce(0) { $0 * 10 + Int($1 - 0x30) }
            rest = rest.dropFirst(digits)
            return range.contains(value) ? value : nil
        }
        func take(_ any: StaticString) -> Bool {
            guard let first = rest.first, any.withUTF8Buffer({ $0.contains(first) }) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4, 0...9999), take("-"), let month = number(2, 1...12), take("-"),
            let day = number(2, 1...CivilDate.days(inMonth: month, of: year)), take("Tt "), let hour = number(2, 0...23),
            take(":"), let minute = number(2, 0...59), take(":"), let second = number(2, 0...60)
        else { return nil }
        var milliseconds = 0
        if take(".") {
            let digits = rest.prefix(while: Self.isDigit)
            guard !digits.isEmpty else { return nil }
            for place in 0..<3 {
                let index = digits.startIndex + place
                milliseconds = milliseconds * 10 + (index < digits.endIndex ? Int(digits[index] - 0x30) : 0)
            }
            rest = rest.dropFirst(digits.count)
        }
        var offset = 0
        if !take("Zz") {
            let isWest = rest.first == UInt8(ascii: "-")
            guard take("+-"), let hours = number(2, 0...23), take(":"), let minutes = number(2, 0...59) else { return nil }
            offset = (hours * 60 + minutes) * (isWest ? -1 : 1)
        }
        guard rest.isEmpty else { return nil }
        let days = CivilDate.daysSince1970(year: year, month: month, day: day)
        let minutes = (days * 24 + hour) * 60 + minute - offset
        self.init(milliseconds: Int64(minutes * 60 + second) * 1000 + Int64(milliseconds))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
