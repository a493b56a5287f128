import ArgumentParser
import EventModel
import Glibc
import Simulator

struct Minimize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a failing scenario small.",
        discussion: """
            Events, subscriptions, topics, records and options are taken away as long as the same clause of the contract \
            is broken. What is left is shown and written to a file, which `replay --scenario` takes.
            """)

    @OptionGroup var choice: ScenarioChoice

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write it; by default seed-N.json.", valueName: "file"))
    var output: String?

    @Option(help: "How many smaller scenarios are tried.")
    var tries = 5_000

    @Option(help: "Processor time for one try, in seconds.")
    var limit = 10

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let job = try choice.job()
        let worker = WorkerProcess(limit: limit)
        guard let clause = try worker.run(job).clause else {
            Output.write("seed \(job.seed) keeps the contract: there is nothing to make smaller\n", to: STDERR_FILENO)
            throw ExitCode.failure
        }
        let isTerminal = isatty(STDERR_FILENO) == 1
        func say(_ text: String) { if isTerminal { Output.write("\r\u{1b}[K" + text, to: STDERR_FILENO) } }
        var failure: (any Error)?
        var minimizer = Minimizer(
            try job.makeScenario(), candidatesAtMost: tries,
            observer: { scenario, candidates in say("\(clause.rawValue): \(scenario.size) after \(candidates) tries") }
        ) { candidate in
            do {
                return try worker.run(Job(seed: candidate.seed, scenario: candidate.json)).clause == clause
            } catch let error {
                failure = error
                return false
            }
        }
        let scenario = minimizer.minimized()
        if let failure { throw failure }
        say("")
        let path = output ?? "seed-\(job.seed).json"
        guard writeFile(path, scenario.json) else { throw SystemFailure(path) }
        var report = try FailureReport(Job(seed: scenario.seed, scenario: scenario.json), limit: limit)
        report.file = path
        Output.write(report.text)
    }
}

extension Scenario {
    /// In a few words.
    fileprivate var size: String {
        "\(topics.reduce(0) { $0 + $1.partitions * ($1.backlog + $1.live) }) records, \(subscriptions.count) subscriptions, \(events.count) events, \(faultsFor)"
    }
}

private func writeFile(_ path: String, _ text: String) -> Bool {
    guard let file = fopen(path, "w") else { return false }
    let isWritten = fputs(text, file) >= 0
    return fclose(file) == 0 && isWritten
}
