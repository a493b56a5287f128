public import Control
import Synchronization

/// The level of a process's log, which can be changed while it runs. Asked with every line that might be logged.
public final class LogLevelSwitch: Sendable {
    /// As the configuration says.
    public let configured: LogLevel
    private let place: Atomic<Int>

    public init(_ configured: LogLevel) {
        self.configured = configured
        place = Atomic(Self.place(of: configured))
    }

    public var level: LogLevel { LogLevel.allCases[place.load(ordering: .relaxed)] }

    /// - Parameter level: nil for what the configuration says.
    /// - Returns: whether it was another one before.
    func set(_ level: LogLevel?) -> Bool {
        let new = Self.place(of: level ?? configured)
        return place.exchange(new, ordering: .relaxed) != new
    }

    private static func place(of level: LogLevel) -> Int { LogLevel.allCases.firstIndex(of: level)! }
}
