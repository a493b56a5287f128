public import EventModel

/// From which lines on a process logs, as `logging.level` has it; the most talkative first.
public enum LogLevel: String, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}

/// An operator's word on how much every replica logs. It ends by itself: nobody remembers to turn a log down.
public struct LogLevelChange: Sendable, Equatable {
    /// Nil: what the configuration says.
    public var level: LogLevel?
    public var until: WallTime
    public var change: Attribution

    /// How long it holds where nobody says.
    public static let usualSpan = TimeSpan.minutes(15)
    public static let longestSpan = TimeSpan.hours(24)

    public init(level: LogLevel?, until: WallTime, change: Attribution) {
        self.level = level
        self.until = until
        self.change = change
    }

    /// - Parameter span: from the moment of the change on.
    public init(level: LogLevel?, for span: TimeSpan, change: Attribution) {
        self.init(level: level, until: change.at + span, change: change)
    }

    /// Nil where what the configuration says holds.
    public func level(at now: WallTime) -> LogLevel? { now < until ? level : nil }
}
