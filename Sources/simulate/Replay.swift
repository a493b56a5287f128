import ArgumentParser
import Glibc
import Simulator

/// Which scenario a command is about.
struct ScenarioChoice: ParsableArguments {
    @Argument(help: "Decides the scenario; with a file, only what happens by chance.")
    var seed: UInt64?

    @Option(help: ArgumentHelp("A scenario that `minimize` wrote.", valueName: "file"))
    var scenario: String?

    func validate() throws {
        if seed == nil, scenario == nil { throw ValidationError("Name a seed, or a file with --scenario.") }
    }

    func job() throws -> Job {
        guard let scenario else { return Job(seed: seed!) }
        guard let text = readFile(scenario) else { throw ValidationError("\(scenario): \(String(cString: strerror(errno)))") }
        do {
            var decoded = try Scenario(json: text)
            if let seed { decoded.seed = seed }
            return Job(seed: decoded.seed, scenario: decoded.json)
        } catch {
            throw ValidationError("\(scenario): \(error)")
        }
    }
}

struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run one scenario again, and show what happens.")

    @OptionGroup var choice: ScenarioChoice
    @OptionGroup var replaying: Replaying

    func run() throws { try replaying.run(try choice.job()) }
}

/// One scenario, run again.
struct Replaying: ParsableArguments {
    @Flag(help: "Show the whole trace; else its end, if the contract is broken.")
    var trace = false

    @Option(help: "Processor time, in seconds.")
    var limit = 60

    func run(_ job: Job) throws {
        signal(SIGPIPE, SIG_DFL)
        var job = job
        Output.write("\(try job.describeScenario())\n\n")
        job.tellsStory = true
        var tail = Tail<Substring>(limit: FailureReport.linesShown)
        let outcome = try WorkerProcess(limit: limit, explainsTraps: true).run(job) { line in
            if trace { Output.write(line + "\n") } else { tail.append(line) }
        }
        if outcome.clause != nil, !trace {
            Output.write("The last \(tail.elements.count) of \(tail.count) lines of the trace:\n")
            for line in tail.elements { Output.write(line + "\n") }
        }
        Output.write(Self.text(outcome))
        if outcome.clause != nil { throw ExitCode.failure }
    }

    private static func text(_ outcome: Outcome) -> String {
        var lines = outcome.violations.isEmpty ? ["the contract is kept"] : outcome.violations.map(\.description)
        let figures = outcome.figures
        if let digest = outcome.digest {
            lines.append(
                "\(outcome.simulatedSeconds) s simulated, \(figures.steps) steps: \(figures.attempts) requests, \(figures.accepted) events delivered, "
                    + "\(figures.deadLettered) dead-lettered, \(figures.repeated) repeated, \(figures.crashes) crashes")
            if let windows = figures.windows { lines.append("\(windows.made) windows, \(windows.late) late events, \(windows.advances) advances at ends of logs") }
            lines.append("digest \(hexadecimal(digest))")
        }
        return "\n" + lines.joined(separator: "\n") + "\n"
    }
}

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the scenario that a seed draws.")

    @OptionGroup var choice: ScenarioChoice

    @Flag(help: "As a file that `replay --scenario` reads.")
    var json = false

    func run() throws {
        let scenario = try choice.job().makeScenario()
        Output.write(json ? scenario.json : "\(scenario)\n")
    }
}

func readFile(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}
