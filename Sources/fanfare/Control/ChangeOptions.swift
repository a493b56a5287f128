import ArgumentParser
import BridgeRuntime
import Control
import EventLoop
import EventModel
import Glibc

/// Who changes a subscription, and why: the same options for every command that does.
struct ChangeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Why; others will ask.", valueName: "text"))
    var reason: String = ""

    @Option(name: .customLong("as"), help: ArgumentHelp("Who; instead of you@this-machine.", valueName: "name"))
    var by: String?

    @Option(help: ArgumentHelp("How long to wait for the running replicas; 0 does not.", valueName: "duration"), transform: Self.span)
    var wait: TimeSpan = .seconds(15)

    @OptionGroup var ops: OpsOptions

    /// Nil where the command is to work on Kafka.
    func client() throws -> OpsClient? {
        guard let client = try ops.client() else { return nil }
        guard by == nil else { throw ValidationError("--as is not for --url: the bridge records whose token it was") }
        return client
    }

    static func span(_ text: String) throws -> TimeSpan {
        guard let span = TimeSpan(text) ?? (text == "0" ? .zero : nil) else { throw ValidationError("--wait \(text): write a duration such as 15s") }
        return span
    }

    var attribution: Attribution {
        Attribution(by: by ?? Self.me, at: WallTime(milliseconds: EventLoop.wallMilliseconds()), reason: reason)
    }

    static var me: String { "\(user)@\(HostName.current)" }

    private static var user: String {
        guard let entry = getpwuid(getuid()) else { return "\(getuid())" }
        return String(cString: entry.pointee.pw_name)
    }
}
