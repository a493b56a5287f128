import BridgeRuntime
import Control
import EventLoop
import EventModel
import Glibc
import Logging

/// Structured logs on standard error: `time level message key=value ...`, or one JSON object a line.
struct LineLogHandler: LogHandler {
    private let levels: LogLevelSwitch
    /// Of this logger alone.
    private var own: Logger.Level?
    var metadata: Logger.Metadata = [:]
    let format: BridgeConfiguration.Logging.Format

    init(_ levels: LogLevelSwitch, format: BridgeConfiguration.Logging.Format) {
        self.levels = levels
        self.format = format
    }

    var logLevel: Logger.Level {
        get { own ?? Logger.Level(levels.level) }
        set { own = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = merged.map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
        var line = ""
        switch format {
        case .text:
            line = "\(Self.time()) \(event.level.rawValue) \(event.message)"
            for (name, value) in fields { line += " \(name)=\(Self.quoted(value))" }
        case .json:
            line = "{\"time\":\"\(Self.time())\",\"level\":\"\(event.level.rawValue)\",\"message\":\(JSONText.quoted("\(event.message)"))"
            for (name, value) in fields { line += ",\(JSONText.quoted(name)):\(JSONText.quoted(value))" }
            line += "}"
        }
        line += "\n"
        // One write, so that lines of several threads do not mix.
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// As logfmt has it: quoted where it would be ambiguous.
    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
        return isPlain ? value : JSONText.quoted(value)
    }

    private static func time() -> String { WallTime(milliseconds: EventLoop.wallMilliseconds()).rfc3339 }
}

extension Logger {
    init(_ levels: LogLevelSwitch, _ format: BridgeConfiguration.Logging.Format) {
        self.init(label: "fanfare") { _ in LineLogHandler(levels, format: format) }
    }
}

extension Logger.Level {
    init(_ level: LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}

extension LogLevelSwitch {
    convenience init(_ configuration: BridgeConfiguration.Logging) {
        self.init(LogLevel(rawValue: configuration.level) ?? .info)
    }
}
