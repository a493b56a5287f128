extension WallTime {
    /// As HTTP's headers have it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    public var httpDate: String {
        let (days, rest) = CivilDate.milliseconds(perDay: milliseconds)
        let date = CivilDate(daysSince1970: days)
        // 1970 began on a Thursday.
        let weekday = Self.weekdays[((days % 7) + 7) % 7]
        let time = [rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60].map { Self.pad($0, 2) }.joined(separator: ":")
        return "\(weekday), \(Self.pad(date.day, 2)) \(Self.months[date.month - 1]) \(Self.pad(date.year, 4)) \(time) GMT"
    }

    /// `2027-06-01`, in UTC.
    public var date: String { String(rfc3339.prefix(10)) }

    /// A date, which is its first moment in UTC, or a date with a time.
    public init?(dateOrTime text: String) {
        guard let time = WallTime(rfc3339: text) ?? WallTime(rfc3339: text + "T00:00:00Z") else { return nil }
        self = time
    }

    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
