import ArgumentParser
import EventModel
import Redelivery

struct DeadLettersRedrive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive", abstract: "Sends dead letters again, each to the subscription that failed.",
        discussion: """
            Through the retry topic, so a bridge delivers them when it can: they wait for an endpoint that is down, and
            survive restarts. Their retry schedule begins anew; giveUpAfter counts from now on; the webhook-id stays.

            A redrive is a job that Kafka remembers. Interrupted by whatever, the same command goes on where it was, and
            nothing is sent twice. When it is done, the same command sends only what has come since then. Other options are
            another job, which knows nothing of the first. One process at a time runs a job; another one is refused.

            An event that was redriven --max-redrives times and failed each time is refused: exit status 1. The event stays
            where it is, as everything that is redriven does.
            """)

    @OptionGroup(title: "Which") var selection: DeadLetterOptions

    @Option(help: ArgumentHelp("Refuse events that were redriven so often.", valueName: "number"))
    var maxRedrives = 3

    @Flag(help: "Send those too that --max-redrives refuses.")
    var force = false

    @OptionGroup(title: "How") var job: JobOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if maxRedrives < 1 { throw ValidationError("--max-redrives must be at least 1") }
    }

    func run() async throws {
        let source = try DeadLetterReader(options, selection).source
        let identity = selection.selection.redrive(named: job.job)
        let start = ContinuousClock.now
        var summary = JobSummary(
            job: identity.name, participle: "redriven", subject: "dead letters of \(selection.topic)", retryTopic: source.configuration.retryTopicName,
            isDryRun: job.dryRun, isComplete: true, label: "byKind", reasons: reasons, seconds: 0)
        summary.take(try job.run("Redriving") { conduct in
            let runner = JobRunner(source.configuration, source.kafka, source.admin, source.cluster, conduct)
            return try RedriveRun(runner, source, identity, maxRedrives: maxRedrives, isForced: force).run()
        })
        summary.seconds = (ContinuousClock.now - start) / .seconds(1)
        switch output.output {
        case .text: print(summary.text, terminator: "")
        case .json: print(summary.json)
        }
        if summary.hasFindings { throw ExitCode.findings }
    }

    private var reasons: [String: String] {
        [
            RedrivePlan.Refusal.loop: "redriven \(maxRedrives) times or more, and failed each time (\(RedrivePlan.Refusal.loop)); --force sends them",
            RedrivePlan.Refusal.removed: "there is no such subscription any more (\(RedrivePlan.Refusal.removed))",
            RedrivePlan.Refusal.sourceGone: "too large for the dead-letter topic, and Kafka does not have their source any more (\(RedrivePlan.Refusal.sourceGone))",
            RedrivePlan.Refusal.foreign: "not written by Fanfare: no subscription or no source is named (\(RedrivePlan.Refusal.foreign))",
            JobRefusal.gone: JobSummary.gone,
        ]
    }
}
