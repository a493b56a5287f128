import ArgumentParser
import BridgeRuntime
import EventModel
import Manifests

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validates configuration and manifests, all problems at once.",
        discussion: "Exit status 0 without errors (there may be warnings), 78 with errors.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let configuration = try options.loadConfiguration()
        let manifests = options.load(configuration)
        var problems = configuration.problems + manifests.problems
        if configuration.isUsable {
            problems += Bridge.validate(configuration.configuration).map {
                Problem(severity: .error, file: options.config ?? ConfigurationLoader.defaultFile, line: 0, column: 0, path: "", message: $0)
            }
        }
        let errors = problems.count { $0.severity == .error }
        switch output.output {
        case .text:
            for problem in problems { print(problem) }
            if errors == 0 {
                let count = manifests.topics.reduce(0) { $0 + $1.subscriptions.count }
                print("ok: \(manifests.topics.count) topics, \(count) subscriptions, \(problems.count) warning\(problems.count == 1 ? "" : "s")")
            } else {
                print("\(errors) error\(errors == 1 ? "" : "s"), \(problems.count - errors) warnings")
            }
        case .json:
            let items = problems.map {
                "{\"severity\":\"\($0.severity.rawValue)\",\"file\":\(JSONText.quoted($0.file)),\"line\":\($0.line),\"column\":\($0.column),"
                    + "\"path\":\(JSONText.quoted($0.path)),\"message\":\(JSONText.quoted($0.message))}"
            }
            print("{\"errors\":\(errors),\"problems\":[\(items.joined(separator: ","))]}")
        }
        if errors > 0 { throw ExitCode.wrongConfiguration }
    }
}

enum JSONText {
    static func quoted(_ text: String) -> String { LineLogHandler.json(text) }
}
