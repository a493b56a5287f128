import ArgumentParser
import EventLoop
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
        let reader = try DeadLetterReader(options, selection)
        let run = JobRun(configuration: reader.configuration, kafka: reader.kafka, admin: reader.admin, cluster: reader.cluster, options: job)
        let identity = selection.redrive(named: job.job)
        let extent = JobRun.Extent(
            partitions: reader.partitions, ranges: try reader.ranges(), from: reader.filter.since, until: reader.filter.until)
        let start = ContinuousClock.now
        var summary = JobSummary(
            job: identity.name, participle: "redriven", subject: "dead letters of \(selection.topic)", retryTopic: run.configuration.retryTopicName,
            isDryRun: job.dryRun, isComplete: true, label: "byKind", reasons: reasons, seconds: 0)
        try EndRequest.during { end in
            for (identity, loops) in passes(identity) where summary.isComplete {
                let store = try run.store("redrive", identity)
                let lease = try run.lease("redrive", identity)
                defer { lease?.release() }
                let (state, _) = try run.begin(identity, store, extent)
                var filter = reader.filter
                filter.since = state.from
                filter.until = state.until
                let plan = RedrivePlan(filter, reader.ids, loops: loops, subscriptions: reader.subscriptions, admin: reader.admin)
                let job = Job(identity.name, plan, state, reader.kafka) { WallTime(milliseconds: EventLoop.wallMilliseconds()) }
                summary.isComplete = try run.run(job, store, lease, label: "Redriving", end)
                summary.add(job.counts)
            }
            summary.isInterrupted = end.isAsked
        }
        summary.seconds = (ContinuousClock.now - start) / .seconds(1)
        switch output.output {
        case .text: print(summary.text, terminator: "")
        case .json: print(summary.json)
        }
        if summary.hasFindings { throw ExitCode.findings }
    }

    /// What is forced is a job of its own: what the guard refused before lies behind the position of the other one.
    private func passes(_ job: JobIdentity) -> [(JobIdentity, RedrivePlan.Loops)] {
        guard force else { return [(job, .refuse(from: maxRedrives))] }
        var forced = job
        forced.name += ".forced"
        return [(job, .leave(from: maxRedrives)), (forced, .only(from: maxRedrives))]
    }

    private var reasons: [String: String] {
        [
            RedrivePlan.Refusal.loop: "redriven \(maxRedrives) times or more, and failed each time (\(RedrivePlan.Refusal.loop)); --force sends them",
            RedrivePlan.Refusal.removed: "their subscription is in no manifest (\(RedrivePlan.Refusal.removed))",
            RedrivePlan.Refusal.sourceGone: "too large for the dead-letter topic, and Kafka does not have their source any more (\(RedrivePlan.Refusal.sourceGone))",
            RedrivePlan.Refusal.foreign: "not written by Fanfare: no subscription or no source is named (\(RedrivePlan.Refusal.foreign))",
        ]
    }
}

extension DeadLetterOptions {
    /// The job that redrives them.
    func redrive(named name: String?) -> JobIdentity {
        JobIdentity(
            name: name, subject: topic,
            options: [topic, subscription, kind?.rawValue, status?.description, since?.text, until?.text, key, event].map { $0 ?? "\u{0}" })
    }
}
