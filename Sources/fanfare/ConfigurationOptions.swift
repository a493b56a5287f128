import ArgumentParser
import EventModel
import Glibc
import Manifests
import TerminalViews

/// Where the configuration comes from: the same options for every command that needs one.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: [.short, .long], help: ArgumentHelp("The configuration file.", discussion: "Default: ./fanfare.yaml if there is one.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(help: ArgumentHelp("Kafka's address, instead of kafka.bootstrapServers.", valueName: "host:port"))
    var bootstrapServers: String?

    @Option(help: ArgumentHelp("Folder of topic manifests, instead of topics.", valueName: "folder"), completion: .directory)
    var topics: String?

    @Option(help: ArgumentHelp("Owner group, instead of group.", valueName: "name"))
    var group: String?

    @Option(help: ArgumentHelp("Any other key of the configuration: --set limits.shards=1", valueName: "key=value"))
    var set: [String] = []

    /// The flags as the loader wants them: each is a key's path with its value.
    func overrides() throws -> [(path: String, value: String)] {
        var overrides: [(path: String, value: String)] = []
        if let bootstrapServers { overrides.append(("kafka.bootstrapServers", bootstrapServers)) }
        if let topics { overrides.append(("topics", topics)) }
        if let group { overrides.append(("group", group)) }
        for pair in set {
            guard let equals = pair.firstIndex(of: "=") else {
                throw ValidationError("--set \(pair): write key=value, for example --set limits.shards=1")
            }
            overrides.append((String(pair[..<equals]), String(pair[pair.index(after: equals)...])))
        }
        return overrides
    }

    func loadConfiguration() throws -> LoadedConfiguration {
        ConfigurationLoader.load(file: config, environment: .process(), overrides: try overrides())
    }

    /// The configuration, or an end with everything that is wrong with it.
    func usableConfiguration() throws -> LoadedConfiguration {
        let loaded = try loadConfiguration()
        guard loaded.isUsable else { throw WrongConfiguration(loaded.problems) }
        return loaded
    }

    /// Configuration and manifests, or an end with everything that is wrong with either.
    func usableManifests() throws -> (configuration: LoadedConfiguration, manifests: LoadedManifests) {
        let configuration = try loadConfiguration()
        let manifests = load(configuration)
        guard configuration.isUsable, manifests.isUsable else {
            throw WrongConfiguration(configuration.problems + manifests.problems)
        }
        return (configuration, manifests)
    }

    func load(_ configuration: LoadedConfiguration) -> LoadedManifests {
        ManifestLoader.load(
            folder: configuration.configuration.topics, configuration: configuration.configuration,
            defaults: configuration.defaults, environment: .process())
    }
}

/// Ends the program with status 78 after printing the problems.
func WrongConfiguration(_ problems: [Problem]) -> ExitCode {
    for problem in problems { printError(problem.report) }
    let errors = problems.count { $0.severity == .error }
    printError(Numbers.counted(errors, "error"))
    return .wrongConfiguration
}

extension ExitCode {
    /// `EX_CONFIG` of sysexits.h.
    static let wrongConfiguration = ExitCode(78)
    /// Findings, or failed.
    static let findings = ExitCode(1)
}

/// Ends the program with a sentence on standard error.
func Failed(_ sentence: String) -> ExitCode {
    printError("error: \(sentence)")
    return .findings
}

func printError(_ line: String) {
    var line = line + "\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Lets whoever reads a pipe see what was printed so far.
func flushOutput() { fflush(nil) }

/// `--output`, on every command that prints data.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

struct OutputOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "text, or json for programs.")
    var output: OutputFormat = .text
}
