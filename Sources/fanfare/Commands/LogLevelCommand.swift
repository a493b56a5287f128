import ArgumentParser
import BridgeRuntime
import Control
import EventModel

struct LogLevelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level",
        abstract: "Changes how much all replicas log, for a while.",
        discussion: """
            With debug, attempts are told one by one, so many of each subscription that they can be read. It ends by itself after --for, or with
            `fanfare log-level configured`. Without LEVEL it says what holds. It works on Kafka directly; with --url, through the ops
            API of a replica.
            """)

    @Argument(help: "trace, debug, info, notice, warning, error or critical; configured for what logging.level says.")
    var level: Wanted?

    enum Wanted: ExpressibleByArgument, Equatable {
        case level(LogLevel)
        case configured

        init?(argument: String) {
            if argument == Self.word {
                self = .configured
            } else if let level = LogLevel(rawValue: argument) {
                self = .level(level)
            } else {
                return nil
            }
        }

        static let word = "configured"
        static var allValueStrings: [String] { LogLevel.allCases.map(\.rawValue) + [word] }

        var level: LogLevel? { if case .level(let level) = self { level } else { nil } }
        var text: String { level?.rawValue ?? Self.word }
    }

    @Option(name: .customLong("for"), help: ArgumentHelp("How long, at most 24h.", valueName: "duration"), transform: Self.span)
    var span = LogLevelChange.usualSpan

    @OptionGroup var change: ChangeOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    private static func span(_ text: String) throws -> TimeSpan {
        guard let span = TimeSpan(text), span > .zero, span <= LogLevelChange.longestSpan else {
            throw ValidationError("--for \(text): write a duration of up to 24h, such as 15m")
        }
        return span
    }

    func run() async throws {
        if let client = try change.client() { return try run(client) }
        let desk = try ControlDesk(options)
        guard let level else { return show(desk) }
        let wanted = LogLevelChange(level: level.level, for: span, change: change.attribution)
        let replicas = desk.state.replicas.keys
        let reception = try Reception(of: try desk.write([.logLevel(wanted)]), by: replicas, within: change.wait, desk)
        reception.warn()
        switch output.output {
        case .text: print("\(Self.sentence(wanted)): \(reception.sentence)")
        case .json: print(JSONText.object([("level", JSONText.quoted(level.text)), ("until", JSONText.quoted(wanted.until.rfc3339))] + reception.json))
        }
    }

    private func show(_ desk: ControlDesk) {
        let current = desk.state.logLevel.flatMap { $0.level(at: change.attribution.at) == nil ? nil : $0 }
        let level = current?.level?.rawValue ?? desk.configuration.logging.level
        switch output.output {
        case .text: print(current.map(Self.sentence) ?? "replicas log from \(level) on, as they are configured")
        case .json: print(JSONText.object([("level", JSONText.quoted(level))] + (current.map { [("until", JSONText.quoted($0.until.rfc3339))] } ?? [])))
        }
    }

    private static func sentence(_ change: LogLevelChange) -> String {
        guard let level = change.level else { return "replicas log as they are configured" }
        return "replicas log from \(level.rawValue) on until \(change.until.rfc3339)"
    }

    // MARK: Through the API

    private struct Remote: Decodable {
        struct Change: Decodable { var until: String }
        var level: String
        var change: Change?
    }

    private func run(_ client: OpsClient) throws {
        let path = "/api/v1/log-level"
        let answer: [UInt8]
        if let level {
            var members = [("level", JSONText.quoted(level.text)), ("for", JSONText.quoted("\(Int(span.seconds))s"))]
            if !change.reason.isEmpty { members.append(("reason", JSONText.quoted(change.reason))) }
            answer = try client.put(path, Array(JSONText.object(members).utf8))
        } else {
            answer = try client.get(path)
        }
        let remote = try client.decode(Remote.self, answer)
        switch output.output {
        case .text: print("replicas log from \(remote.level) on\(remote.change.map { " until \($0.until)" } ?? ", as they are configured")")
        case .json: print(String(decoding: answer, as: UTF8.self), terminator: "")
        }
    }
}
