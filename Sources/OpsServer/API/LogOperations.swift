import Control
import EventModel
import HTTPTypes
import Hummingbird
import Manifests

/// How much is logged.
enum LogOperations {
    static let all: [Operation] = [
        Operation(
            method: .get, path: "/api/v1/log-level", id: "getLogLevel", summary: "From which level on this replica logs.", tag: .configuration,
            answer: .json(status, "How it is.")
        ) { call in Reply.json(status, Status(call)) },
        Operation(
            method: .put, path: "/api/v1/log-level", id: "setLogLevel", summary: "Changes how much all replicas log, for a while.",
            text: "It ends by itself. Answered when all replicas obey, or ten seconds have passed. Who, when and why is recorded.", tag: .configuration,
            access: .operators,
            inputs: [
                .body("level", .words(LogLevel.allCases.map(\.rawValue) + [configured]), "From which level on; `\(configured)` ends an earlier change.", isRequired: true),
                .body("for", span, "How long, at most 24h.", standard: "15m"),
                .body("reason", .text(maximum: 500), "Why; others will ask."),
            ],
            answer: .json(status, "It is in force."), problems: [(.serviceUnavailable, "The bridge has not started, or Kafka does not answer.")],
            run: set),
    ]

    /// What ends a change.
    private static let configured = "configured"

    /// Up to a day, in one unit.
    private static let span = Input.Kind.form(
        schema: [
            "type": "string",
            "pattern": "^([1-9][0-9]{0,3}s|[1-7][0-9]{4}s|8[0-5][0-9]{3}s|86[0-3][0-9]{2}s|86400s|[1-9][0-9]{0,2}m|1[0-3][0-9]{2}m|14[0-3][0-9]m|1440m|([1-9]|1[0-9]|2[0-4])h)$",
        ], expected: "a duration of up to 24h, such as 15m",
        isRight: { text in
            guard let unit = text.last, "smh".contains(unit), text.first != "0", text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else { return false }
            return TimeSpan(text).map { $0 > .zero && $0 <= LogLevelChange.longestSpan } ?? false
        })

    private struct Status: Sendable {
        var levels: LogLevelStatus
        /// Nil where the configuration holds.
        var change: LogLevelChange?

        init(_ call: Call) {
            levels = call.source.logLevel()
            change = call.source.control().logLevel.flatMap { $0.level(at: wallTime()) == nil ? nil : $0 }
        }
    }

    private static let status = ObjectShape<Status>("LogLevel", "From which level on is logged.", [
        .words("level", LogLevel.allCases.map(\.rawValue), "What is in force on the replica that answers.") { $0.levels.current.rawValue },
        .words("configured", LogLevel.allCases.map(\.rawValue), "What its configuration says: `logging.level`.") { $0.levels.configured.rawValue },
        .optionalObject("change", change) { $0.change },
    ])

    private static let change = ObjectShape<LogLevelChange>("LogLevelChange", "Why it is another one than the configured one.", [
        .time("until", "When it ends.") { $0.until.rfc3339 },
    ] + SubscriptionShapes.attribution { $0.change })

    @Sendable private static func set(_ call: Call) async throws(Problem) -> Response {
        let span = call.text("for").flatMap { TimeSpan($0) } ?? LogLevelChange.usualSpan
        let change = LogLevelChange(level: call.text("level").flatMap { LogLevel(rawValue: $0) }, for: span, change: call.attribution)
        do throws(ChangeFailure) {
            _ = try await call.source.setLogLevel(change)
        } catch {
            throw SubscriptionOperations.problem(error, of: "")
        }
        return Reply.json(status, Status(call))
    }
}
