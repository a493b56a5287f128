import ArgumentParser
import EventLoop
import EventModel
import KafkaClient
import Manifests
import Redelivery
import SchemaRegistry

struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends a range of a topic to one subscription again.",
        discussion: """
            The subscription's filters apply. Its cursor is not touched: live events go on meanwhile. Through the retry topic,
            so a bridge delivers them when it can, and restarts lose none. Every request carries the header fanfare-replay
            with the job's name, and the webhook-id of the first time: an endpoint that leaves out what it has seen must
            look at fanfare-replay.

            FROM and TO are a time (2026-05-01T00:00:00Z), how long ago (2h), an offset in each partition, earliest or latest.
            What is at FROM is sent, what is at TO is not.

            A replay is a job that Kafka remembers. Interrupted by whatever, the same command goes on where it was, and
            nothing is sent twice. One process at a time runs a job; another one is refused.
            """)

    @Option(help: ArgumentHelp("Who gets the events.", valueName: "name"))
    var subscription: String

    @Option(help: ArgumentHelp("Where the range begins.", valueName: "from"))
    var from: ReplayBoundArgument

    @Option(help: ArgumentHelp("Where it ends; latest, if not given.", valueName: "to"))
    var to: ReplayBoundArgument = ReplayBoundArgument(argument: "latest")!

    @Option(help: ArgumentHelp("Only this partition; may be repeated.", valueName: "number"))
    var partition: [Int32] = []

    @Option(help: ArgumentHelp("Only events whose records have this key.", valueName: "text"))
    var key: String?

    @OptionGroup(title: "How") var job: JobOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (loaded, manifests) = try options.usableManifests()
        let kafka = try KafkaConfiguration(loaded.configuration)
        let admin = try ClusterAdmin(kafka)
        let cluster = try admin.reach(kafka)
        let topics = try RegisteredSubscriptions.topics(loaded, manifests.topics, kafka, cluster, with: subscription)
        let selection = ReplaySelection(subscription: subscription, from: from.bound, to: to.bound, partitions: partition, key: key)
        let schemas = AskedSchemas(loaded.configuration.schemaRegistry)
        let start = ContinuousClock.now
        var summary = JobSummary(
            job: "", participle: "replayed", subject: "", retryTopic: loaded.configuration.retryTopicName, isDryRun: job.dryRun, isComplete: true,
            reasons: [ReplayPlan.poison: "not valid events (\(ReplayPlan.poison))", JobRefusal.gone: JobSummary.gone], seconds: 0)
        summary.take(try job.run("Replaying") { conduct in
            let runner = JobRunner(loaded.configuration, kafka, admin, cluster, conduct)
            let replay = try ReplayRun(runner, selection, named: job.job, topics, schemas: schemas)
            summary.job = replay.identity.name
            summary.subject = "events of \(replay.topic) match"
            return try replay.run()
        })
        summary.seconds = (ContinuousClock.now - start) / .seconds(1)
        switch output.output {
        case .text: print(summary.text, terminator: "")
        case .json: print(summary.json)
        }
        if summary.isInterrupted { throw ExitCode.findings }
    }
}

/// Where a replay begins or ends.
struct ReplayBoundArgument: ExpressibleByArgument {
    let bound: ReplayBound

    init?(argument: String) {
        guard let bound = ReplayBound(argument, now: WallTime(milliseconds: EventLoop.wallMilliseconds())) else { return nil }
        self.bound = bound
    }

    var defaultValueDescription: String { bound.text }
}
