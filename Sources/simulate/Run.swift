import ArgumentParser
import Glibc
import Simulator
import TerminalViews

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run many seeds, on all processors.",
        discussion: """
            A seed that breaks the contract is shown with its options, the end of its trace, and the commands that run \
            it again and make it smaller. Every 25th seed is run by two processes, which must agree about its digest.
            """)

    @OptionGroup var seeds: SeedRun

    func run() throws { try seeds.run(in: .events) }
}

/// Many seeds of a world.
struct SeedRun: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(help: "Such as 1-3000, or 7,302.")
    var seeds = SeedRanges(argument: "1-3000")!

    @Option(help: "Seeds at the same time; by default one on each processor.")
    var jobs: Int = sysconf(Int32(_SC_NPROCESSORS_ONLN))

    @Flag(help: "Go on after a failure; show the first ten whole, the others by their seed.")
    var keepGoing = false

    @Flag(help: "Run every seed by two processes, not every 25th.")
    var twice = false

    @Option(help: "What to print.")
    var output = Format.text

    @Option(help: "Processor time for one seed, in seconds.")
    var limit = 60

    func validate() throws {
        if jobs < 1 { throw ValidationError("--jobs is at least 1") }
        if limit < 1 { throw ValidationError("--limit is at least 1 s") }
    }

    func run(in world: World) throws {
        signal(SIGPIPE, SIG_IGN)
        var total = Summary()
        let again = Array(seeds.lazy.filter { twice || $0 % 25 == 0 })
        var progress = Progress(total: seeds.count + again.count)

        func take(_ outcome: Outcome) -> Bool {
            if let failure = total.add(outcome), let clause = failure.clause {
                progress.clear()
                show(failure, clause, world, failures: total.failed.count)
            }
            progress.update(done: total.runs, failures: total.failed.count)
            return keepGoing || total.failed.isEmpty
        }
        // In another order, so that other processes meet them.
        for part in [Array(seeds), again.reversed()] where keepGoing || total.failed.isEmpty {
            try WorkerPool(world, jobs: jobs, limit: limit).run(part, take: take)
        }
        progress.clear()
        total.seconds = progress.seconds
        Output.write((output == .json ? total.json : total.text) + "\n")
        if !total.failed.isEmpty { throw ExitCode.failure }
    }

    private func show(_ outcome: Outcome, _ clause: Clause, _ world: World, failures: Int) {
        guard output == .text else { return }
        let isWhole = failures <= 10 && clause != .determinism
        let report = isWhole ? try? FailureReport(Job(world: world, seed: outcome.seed), limit: limit) : nil
        Output.write(report?.text ?? "seed \(outcome.seed): \(outcome.violations[0])\n")
    }
}
