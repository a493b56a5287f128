import ArgumentParser
import BridgeRuntime
import EventModel
import Manifests
import TerminalViews

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validates configuration and manifests, all problems at once.",
        discussion: "Exit status 0 without errors (there may be warnings), 78 with errors.")

    @Flag(help: "Print the configuration and the manifests as they take effect, without secrets, if there are no errors.")
    var print = false

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let configuration = try options.loadConfiguration()
        let manifests = options.load(configuration)
        var problems = configuration.problems + manifests.problems
        if configuration.isUsable {
            problems += Bridge.validate(configuration.configuration).map {
                Problem(
                    severity: .error, code: .invalidValue, file: options.config ?? ConfigurationLoader.defaultFile, line: 0, column: 0, path: "",
                    message: $0)
            }
        }
        let errors = problems.count { $0.severity == .error }
        if print, errors == 0 { return try printFiles(configuration.configuration.topics, problems) }
        switch output.output {
        case .text:
            for problem in problems { Swift.print(problem.report) }
            if errors == 0 {
                let count = manifests.topics.reduce(0) { $0 + $1.subscriptions.count }
                Swift.print("ok: \(Numbers.counted(manifests.topics.count, "topic")), \(Numbers.counted(count, "subscription")), \(Numbers.counted(problems.count, "warning"))")
            } else {
                Swift.print("\(Numbers.counted(errors, "error")), \(Numbers.counted(problems.count - errors, "warning"))")
            }
        case .json:
            let items = problems.map {
                "{\"severity\":\"\($0.severity.rawValue)\",\"code\":\"\($0.code.rawValue)\",\"file\":\(JSONText.quoted($0.file)),\"line\":\($0.line),\"column\":\($0.column),"
                    + "\"path\":\(JSONText.quoted($0.path)),\"message\":\(JSONText.quoted($0.message))}"
            }
            Swift.print("{\"errors\":\(errors),\"problems\":[\(items.joined(separator: ","))]}")
        }
        if errors > 0 { throw ExitCode.wrongConfiguration }
    }

    /// Warnings go to standard error, so that the rest can be read by programs.
    private func printFiles(_ topics: String, _ problems: [Problem]) throws {
        for problem in problems { printError(problem.report) }
        let (environment, overrides) = (Environment.process(), try options.overrides())
        let configuration = EffectiveFiles.configuration(file: options.config, environment: environment, overrides: overrides)
        let manifests = EffectiveFiles.manifests(folder: topics, file: options.config, environment: environment, overrides: overrides)
        switch output.output {
        case .text:
            Swift.print("# \(options.config ?? ConfigurationLoader.defaultFile), with flags, environment and defaults")
            Swift.print(configuration.yaml(), terminator: "")
            for manifest in manifests { Swift.print("---\n# \(manifest.file), with defaults\n\(manifest.content.yaml())", terminator: "") }
        case .json:
            let topics = manifests.map { "\(JSONText.quoted($0.file)): \($0.content.text())" }
            Swift.print("{\"configuration\": \(configuration.text()), \"topics\": {\(topics.joined(separator: ", "))}}")
        }
    }
}
