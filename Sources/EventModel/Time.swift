/// A length of time in whole nanoseconds.
///
/// The standard library's `Duration` is 128 bits wide; the engine adds and compares spans for every event, so it has
/// its own, which also reads and prints the notation of the configuration (`250ms 5s 2m 1h 3d`).
public struct TimeSpan: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static let zero = TimeSpan(nanoseconds: 0)
    /// What a difference of times is at most, 146 years: sums of two are spans still.
    fileprivate static let longest = Int64.max / 2
    public static func milliseconds(_ n: Int64) -> TimeSpan { TimeSpan(nanoseconds: n * 1_000_000) }
    public static func seconds(_ n: Int64) -> TimeSpan { TimeSpan(nanoseconds: n * 1_000_000_000) }
    public static func minutes(_ n: Int64) -> TimeSpan { .seconds(n * 60) }
    public static func hours(_ n: Int64) -> TimeSpan { .minutes(n * 60) }
    public static func days(_ n: Int64) -> TimeSpan { .hours(n * 24) }

    /// Whole milliseconds, rounded up: a deadline waited out in milliseconds must not end early.
    public var millisecondsRoundedUp: Int64 { (nanoseconds + 999_999) / 1_000_000 }
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.nanoseconds < b.nanoseconds }
    public static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan { TimeSpan(nanoseconds: a.nanoseconds + b.nanoseconds) }
    public static func - (a: TimeSpan, b: TimeSpan) -> TimeSpan { TimeSpan(nanoseconds: a.nanoseconds - b.nanoseconds) }
    public static func * (a: TimeSpan, factor: Double) -> TimeSpan {
        TimeSpan(nanoseconds: Int64((Double(a.nanoseconds) * factor).rounded()))
    }
}

extension TimeSpan: CustomStringConvertible, LosslessStringConvertible {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]

    /// Reads one number and one unit: `250ms`, `5s`, `2m`, `1h`, `3d`. Nil for anything else.
    public init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), !digits.isEmpty else { return nil }
        let name = text.dropFirst(digits.count)
        guard let unit = Self.units.first(where: { $0.name == name }), unit.nanoseconds >= 1_000_000 else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.nanoseconds)
        guard !overflow else { return nil }
        self.init(nanoseconds: product)
    }

    /// The largest unit that needs no fraction: `90s`, `2m`.
    public var description: String {
        if nanoseconds == 0 { return "0s" }
        for unit in Self.units where nanoseconds % unit.nanoseconds == 0 {
            return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
        }
        return "\(nanoseconds)ns"
    }
}

/// A point on the monotonic clock: for waiting and for measuring. Never leaves the process.
public struct Instant: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static let distantFuture = Instant(nanoseconds: .max)
    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    /// Saturates, so that "never" plus a span stays "never".
    public static func + (a: Instant, b: TimeSpan) -> Instant {
        let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
        return Instant(nanoseconds: overflow ? (b < .zero ? .min : .max) : sum)
    }
    public static func - (a: Instant, b: Instant) -> TimeSpan { TimeSpan(nanoseconds: a.nanoseconds - b.nanoseconds) }
}

/// A point on the wall clock in milliseconds since 1970, as Kafka counts: for due times and ages, which outlive the process.
public struct WallTime: Hashable, Comparable, Sendable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (a: WallTime, b: WallTime) -> Bool { a.milliseconds < b.milliseconds }
    /// Rounded up to the millisecond: a due time must not come early.
    public static func + (a: WallTime, b: TimeSpan) -> WallTime {
        let (sum, overflow) = a.milliseconds.addingReportingOverflow(b.millisecondsRoundedUp)
        return WallTime(milliseconds: overflow ? (b < .zero ? .min : .max) : sum)
    }
    /// Saturates: producers may write any timestamp into a record.
    public static func - (a: WallTime, b: WallTime) -> TimeSpan {
        let (difference, isBeyond) = a.milliseconds.subtractingReportingOverflow(b.milliseconds)
        let (nanoseconds, overflow) = difference.multipliedReportingOverflow(by: 1_000_000)
        guard isBeyond || overflow else { return TimeSpan(nanoseconds: min(max(nanoseconds, -TimeSpan.longest), TimeSpan.longest)) }
        return TimeSpan(nanoseconds: a < b ? -TimeSpan.longest : TimeSpan.longest)
    }
}

/// Both clocks, read once per turn of the loop and handed to the engine, which reads none itself.
public struct Moment: Hashable, Sendable {
    public var instant: Instant
    public var wall: WallTime

    public init(instant: Instant, wall: WallTime) {
        self.instant = instant
        self.wall = wall
    }
}
