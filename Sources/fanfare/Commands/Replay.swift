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
    var from: ReplayBound

    @Option(help: ArgumentHelp("Where it ends; latest, if not given.", valueName: "to"))
    var to: ReplayBound = ReplayBound(argument: "latest")!

    @Option(help: ArgumentHelp("Only this partition; may be repeated.", valueName: "number"))
    var partition: [Int32] = []

    @Option(help: ArgumentHelp("Only events whose records have this key.", valueName: "text"))
    var key: String?

    @OptionGroup(title: "How") var job: JobOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (loaded, manifests) = try options.usableManifests()
        let (manifest, policy) = try find(manifests.topics)
        let kafka = try KafkaConfiguration(loaded.configuration)
        let admin = try ClusterAdmin(kafka)
        let cluster = try admin.reach(kafka)
        let run = JobRun(configuration: loaded.configuration, kafka: kafka, admin: admin, cluster: cluster, options: job)
        let identity = JobIdentity(
            name: job.job, subject: subscription,
            options: [manifest.topic, subscription, from.text, to.text, partition.sorted().description, key ?? "\u{0}"])
        let store = try run.store("replay", identity)
        let start = ContinuousClock.now
        let extent = try self.extent(of: manifest.topic, cluster, admin)
        let lease = try run.lease("replay", identity)
        defer { lease?.release() }
        var (state, beginning) = try run.begin(identity, store, extent)
        var summary = JobSummary(
            job: identity.name, participle: "replayed", subject: "events of \(manifest.topic) match",
            retryTopic: run.configuration.retryTopicName, isDryRun: job.dryRun, isComplete: true,
            reasons: [ReplayPlan.poison: "not valid events (\(ReplayPlan.poison))"], seconds: 0)
        if beginning == .extended {
            let old = try store.load(extent.partitions)!
            guard old.from != state.from || old.until != state.until else {
                throw Failed("job \(identity.name) is complete: everything was replayed; --again replays it once more")
            }
            // "The last two hours" are others now.
            var anew = run
            anew.options.again = true
            (state, beginning) = try anew.begin(identity, store, extent)
        }
        let plan = ReplayPlan(policy, manifest.mapping, from: state.from, until: state.until, key: key, schemas: AskedSchemas(run.configuration.schemaRegistry))
        let replay = Job(identity.name, plan, state, kafka) { WallTime(milliseconds: EventLoop.wallMilliseconds()) }
        try EndRequest.during { end in
            summary.isComplete = try run.run(replay, store, lease, label: "Replaying", end)
            summary.isInterrupted = end.isAsked
        }
        summary.add(replay.counts)
        summary.seconds = (ContinuousClock.now - start) / .seconds(1)
        switch output.output {
        case .text: print(summary.text, terminator: "")
        case .json: print(summary.json)
        }
        if summary.isInterrupted { throw ExitCode.findings }
    }

    private func find(_ topics: [TopicManifest]) throws -> (TopicManifest, Subscription) {
        for manifest in topics {
            if let found = manifest.subscriptions.first(where: { $0.name == subscription }) { return (manifest, found) }
        }
        let known = topics.flatMap(\.subscriptions).map(\.name).sorted().joined(separator: ", ")
        throw Failed("no manifest has a subscription \(subscription); there are: \(known.isEmpty ? "none" : known)")
    }

    private func extent(of topic: String, _ cluster: ClusterAdmin.Cluster, _ admin: ClusterAdmin) throws -> JobRun.Extent {
        guard let found = cluster.topics.first(where: { $0.name == topic }), !found.partitions.isEmpty else {
            throw Failed("the cluster has no topic \(topic)")
        }
        let numbers = found.partitions.map(\.number)
        for wanted in partition where !numbers.contains(wanted) {
            throw Failed("topic \(topic) has no partition \(wanted), only \(numbers.count) partitions from 0")
        }
        let partitions = numbers.filter { partition.isEmpty || partition.contains($0) }.map { TopicPartition(topic: topic, partition: $0) }
        do throws(KafkaError) {
            let ranges = try RangeFinder(admin).ranges(of: partitions, from: from.bound, to: to.boundBehind)
            return JobRun.Extent(partitions: partitions, ranges: ranges, from: from.time, until: to.time)
        } catch {
            throw Failed("the offsets of \(topic) cannot be found: \(error.message)")
        }
    }
}

/// Where a replay begins or ends.
struct ReplayBound: ExpressibleByArgument {
    let text: String
    let bound: RangeFinder.Bound

    init?(argument: String) {
        text = argument
        switch argument {
        case "earliest": bound = .beginning
        case "latest", "now": bound = .end
        default:
            if let offset = Int64(argument), offset >= 0 {
                bound = .offset(offset)
            } else if let point = PointInTime(argument: argument) {
                bound = .time(point.time)
            } else {
                return nil
            }
        }
    }

    var time: WallTime? { if case .time(let time) = bound { time } else { nil } }

    /// The same as an end to read up to.
    var boundBehind: RangeFinder.Bound { time.map { RangeFinder.bounds(from: nil, until: $0).end } ?? bound }
}
