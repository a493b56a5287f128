import ArgumentParser
import Dispatch
import EventLoop
import EventModel
import Glibc
import KafkaClient
import Redelivery
import Synchronization

/// Runs jobs for a command: finds or begins them, shows how they get on, says how they ended.
struct JobRun {
    let configuration: BridgeConfiguration
    let kafka: KafkaConfiguration
    let admin: ClusterAdmin
    let cluster: ClusterAdmin.Cluster
    var options: JobOptions

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
    static func group(_ verb: String, _ job: JobIdentity, _ configuration: BridgeConfiguration) -> String {
        "\(configuration.group)._\(verb).\(job.name)"
    }

    func store(_ verb: String, _ job: JobIdentity) throws -> JobStore {
        try JobStore(kafka, group: Self.group(verb, job, configuration))
    }

    // MARK: Beginning

    /// Keeps other processes from the job. A dry run disturbs nobody.
    func lease(_ verb: String, _ job: JobIdentity) throws -> JobLease? {
        guard !options.dryRun else { return nil }
        let place = TopicPartition(topic: try retryTopic().name, partition: 0)
        let holder = JobHolder(name: ChangeOptions.me, process: getpid())
        do {
            return try JobLease(kafka, group: Self.group(verb, job, configuration), place: place, as: holder) { last in
                printError("note: job \(job.name) was begun by \(last), which has not said that it ended; waiting up to 5 s to see whether it is still there")
            }
        } catch let error as JobLease.Taken {
            throw taken(job.name, by: error.holder)
        } catch let error as KafkaError {
            throw Failed("who works on job \(job.name) cannot be looked up: \(error.message)")
        }
    }

    private func taken(_ job: String, by holder: JobHolder?) -> ExitCode {
        let who = holder?.description ?? "another process"
        return Failed("job \(job) is being run by \(who): wait until it ends, or interrupt it there; then the same command goes on from where it was")
    }

    func begin(_ job: JobIdentity, _ store: JobStore, _ now: Extent) throws -> (state: JobState, beginning: Beginning) {
        var state = JobState(
            parts: Dictionary(uniqueKeysWithValues: now.partitions.map { ($0, JobState.Part(position: 0, end: 0)) }),
            digest: job.digest, from: now.from, until: now.until)
        for range in now.ranges { state.parts[range.partition] = .init(position: range.start, end: range.end) }
        guard !options.again, let old = try store.load(now.partitions) else { return (state, .anew) }
        guard old.digest == job.digest else {
            throw Failed(
                "job \(job.name) was begun with other options: give the same ones, or another --job; --again begins it anew, and sends again what was sent")
        }
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
    /// - Parameter lease: nil for a dry run.
    func run<Plan: JobPlan>(_ job: Job<Plan>, _ store: JobStore, _ lease: JobLease?, label: String, _ end: EndRequest) throws -> Bool {
        var conduct = Job<Plan>.Conduct()
        conduct.rate = options.rate
        conduct.limit = options.limit ?? .max
        conduct.isCancelled = { end.isAsked }
        let progress = ProgressBox(label, total: job.state.ranges.reduce(0) { $0 + $1.count })
        conduct.progress = { done, _ in progress.update(done) }
        defer { progress.clear() }
        do {
            guard let lease else {
                try job.rehearse(conduct)
                return true
            }
            let retryTopic = try self.retryTopic()
            let writer = try RetryTopicWriter(
                kafka, topic: retryTopic.name, existing: retryTopic.partitions.count, policy: configuration.retryTopic)
            return try job.run(writer, store, lease, admin, retryTopic: retryTopic.name, conduct)
        } catch let error as JobLease.Taken {
            progress.clear()
            throw taken(job.name, by: error.holder)
        } catch let error as KafkaError {
            throw failed(job.name, error.message, progress)
        } catch let missing as SchemaMissing {
            throw failed(job.name, "the schema registry cannot be asked for schema \(missing.schema), with which a record was written", progress)
        } catch let stall as RetryTopicWriter.Stall {
            throw failed(job.name, "the cluster has acknowledged nothing for long: \(stall.reason)", progress)
        } catch let silence as RangeReader.Silence {
            throw failed(job.name, "the cluster sends nothing of \(silence.range.partition), although it has records up to offset \(silence.range.end)", progress)
        }
    }

    private func failed(_ job: String, _ reason: String, _ progress: ProgressBox) -> ExitCode {
        progress.clear()
        return Failed("job \(job) stopped: \(reason); the same command goes on from there")
    }

    private func retryTopic() throws -> ClusterAdmin.Topic {
        let name = configuration.retryTopicName
        guard let topic = cluster.topics.first(where: { $0.name == name }), !topic.partitions.isEmpty else {
            throw Failed("there is no retry topic \(name) to send through: `fanfare apply` creates it")
        }
        return topic
    }
}

/// SIGINT and SIGTERM end a job in good order; a second one ends it at once.
final class EndRequest: Sendable {
    private let asked = Atomic(false)
    var isAsked: Bool { asked.load(ordering: .relaxed) }

    /// Runs `body` while signals are listened to.
    static func during<Result>(_ body: (EndRequest) throws -> Result) rethrows -> Result {
        let request = EndRequest()
        let signals = Termination.onSignal { request.asked.store(true, ordering: .relaxed) }
        defer { signals.cancel() }
        return try body(request)
    }
}

/// A progress line that closures can share.
final class ProgressBox {
    private var progress: Progress

    init(_ label: String, total: Int) { progress = Progress(label, total: total) }
    func update(_ done: Int) { progress.update(done) }
    func clear() { progress.clear() }
}
