internal import EventLoop
public import EventModel
public import KafkaClient

/// How somebody wants jobs to run, and what they hear of them.
public struct JobConduct {
    /// Only count; nothing is written, and nobody is disturbed.
    public var isDryRun = false
    /// Records per second at most.
    public var rate: Double?
    /// At most so many records are sent; then the job stays open.
    public var limit: Int?
    /// Forget how far it has come.
    public var isAgain = false
    /// Who works on it.
    public var holder: JobHolder
    /// Asked all the time; true ends the run in good order.
    public var isCancelled: () -> Bool = { false }
    /// Now and then, and at the end: how many offsets of how many were looked at, and what was done.
    public var progress: (_ done: Int, _ total: Int, _ counts: JobCounts) -> Void = { _, _, _ in }
    /// Told whose life or death is being waited for, where that takes longer.
    public var waiting: (_ job: String, JobHolder) -> Void = { _, _ in }
    /// Called once, when the right to work on it is held and nothing has been sent.
    public var beginning: () throws -> Void = {}

    public init(holder: JobHolder) { self.holder = holder }
}

/// How a run of one or more jobs went.
public struct JobOutcome: Sendable {
    public var counts = JobCounts()
    /// Whether the end was reached, and not `limit` or an interruption.
    public var isComplete = true
}

/// Begins jobs, or goes on with them, and runs them: what commands and the bridge do alike.
///
/// Waits for the cluster: for threads of their own.
public struct JobRunner {
    public let configuration: BridgeConfiguration
    public let kafka: KafkaConfiguration
    public let admin: ClusterAdmin
    public let cluster: ClusterAdmin.Cluster
    public var conduct: JobConduct

    public init(_ configuration: BridgeConfiguration, _ kafka: KafkaConfiguration, _ admin: ClusterAdmin, _ cluster: ClusterAdmin.Cluster, _ conduct: JobConduct) {
        self.configuration = configuration
        self.kafka = kafka
        self.admin = admin
        self.cluster = cluster
        self.conduct = conduct
    }

    /// Of the parts of a job's topics, and the times, as they are now.
    struct Extent {
        var partitions: [TopicPartition]
        var ranges: [OffsetRange]
        var from: WallTime?
        var until: WallTime?
    }

    /// How a job with that name stands, and what is to be done about it.
    enum Beginning {
        case anew, goesOn
        /// Its end was reached before; what has come since then is new.
        case extended
    }

    /// The group that keeps a job's state. No subscription's name begins with `_`.
    public static func group(_ verb: JobVerb, _ job: String, _ configuration: BridgeConfiguration) -> String {
        "\(configuration.group)._\(verb.rawValue).\(job)"
    }

    func store(_ verb: JobVerb, _ job: JobIdentity) throws -> JobStore {
        try JobStore(kafka, group: Self.group(verb, job.name, configuration))
    }

    // MARK: Beginning

    /// Keeps other processes from the job. A dry run disturbs nobody.
    func lease(_ verb: JobVerb, _ job: JobIdentity) throws -> JobLease? {
        guard !conduct.isDryRun else { return nil }
        let place = TopicPartition(topic: try retryTopic().name, partition: 0)
        do {
            return try JobLease(kafka, group: Self.group(verb, job.name, configuration), place: place, as: conduct.holder) { conduct.waiting(job.name, $0) }
        } catch let error as JobLease.Taken {
            throw JobFailure.taken(job: job.name, by: error.holder)
        } catch let error as KafkaError {
            throw JobFailure.leaseUnknown(job: job.name, reason: error.message)
        }
    }

    func begin(_ job: JobIdentity, _ store: JobStore, _ now: Extent, again: Bool) throws -> (state: JobState, beginning: Beginning) {
        var state = JobState(
            parts: Dictionary(uniqueKeysWithValues: now.partitions.map { ($0, JobState.Part(position: 0, end: 0)) }),
            digest: job.digest, from: now.from, until: now.until)
        for range in now.ranges { state.parts[range.partition] = .init(position: range.start, end: range.end) }
        guard !again, let old = try store.load(now.partitions) else { return (state, .anew) }
        guard old.digest == job.digest else { throw JobFailure.otherOptions(job: job.name) }
        if !old.isComplete { return (old, .goesOn) }
        for (partition, part) in old.parts {
            guard let new = state.parts[partition] else { continue }
            // A log that ends before the job's position was made anew.
            if new.end > 0, new.end < part.position { continue }
            state.parts[partition] = .init(position: max(new.position, part.position), end: max(new.end, part.position))
        }
        return (state, .extended)
    }

    // MARK: Running

    /// True when the job came to its end.
    ///
    /// - Parameters:
    ///   - lease: nil for a dry run.
    ///   - before: what earlier jobs of the same run did.
    func run<Plan: JobPlan>(_ name: String, _ plan: Plan, _ state: JobState, _ store: JobStore, _ lease: JobLease?, after before: inout JobCounts) throws -> Bool {
        let job = Job(name, plan, state, kafka) { WallTime(milliseconds: EventLoop.wallMilliseconds()) }
        let earlier = before
        var done = 0
        let total = state.ranges.reduce(0) { $0 + $1.count }
        func tell(_ counts: JobCounts) {
            var sum = earlier
            sum.add(counts)
            conduct.progress(done, total, sum)
        }
        var last = ContinuousClock.now
        var orders = conduct
        orders.limit = conduct.limit.map { $0 - earlier.sent }
        orders.progress = { looked, _, counts in
            done = looked
            let now = ContinuousClock.now
            guard now - last >= .milliseconds(100) else { return }
            last = now
            tell(counts)
        }
        tell(JobCounts())
        defer {
            tell(job.counts)
            before.add(job.counts)
        }
        do {
            guard let lease else {
                try job.rehearse(orders)
                if !conduct.isCancelled() { done = total }
                return true
            }
            let retryTopic = try self.retryTopic()
            let writer = try RetryTopicWriter(kafka, topic: retryTopic.name, existing: retryTopic.partitions.count, policy: configuration.retryTopic)
            let isAtEnd = try job.run(writer, store, lease, admin, retryTopic: retryTopic.name, orders)
            if isAtEnd { done = total }
            return isAtEnd
        } catch let error as JobLease.Taken {
            throw JobFailure.taken(job: name, by: error.holder)
        } catch let error as KafkaError {
            throw JobFailure.stopped(job: name, reason: error.message)
        } catch let missing as SchemaMissing {
            throw JobFailure.stopped(job: name, reason: "the schema registry cannot be asked for schema \(missing.schema), with which a record was written")
        } catch let stall as RetryTopicWriter.Stall {
            throw JobFailure.stopped(job: name, reason: "the cluster has acknowledged nothing for long: \(stall.reason)")
        } catch let silence as RangeReader.Silence {
            throw JobFailure.stopped(job: name, reason: silence.reason)
        }
    }

    private func retryTopic() throws -> ClusterAdmin.Topic {
        let name = configuration.retryTopicName
        guard let topic = cluster.topics.first(where: { $0.name == name }), !topic.partitions.isEmpty else { throw JobFailure.noRetryTopic(name) }
        return topic
    }
}

extension RangeReader.Silence {
    public var reason: String { "the cluster sends nothing of \(range.partition), although it has records up to offset \(range.end)" }
}
