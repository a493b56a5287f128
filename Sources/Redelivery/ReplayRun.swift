public import EventFormats
public import EventModel
internal import KafkaClient

/// Where a replay begins or ends.
public struct ReplayBound: Sendable {
    /// As it was said.
    public let text: String
    let bound: RangeFinder.Bound

    /// - Parameter text: `earliest`, `latest`, an offset, how long ago, or a time.
    public init?(_ text: String, now: WallTime) {
        self.text = text
        switch text {
        case "earliest": bound = .beginning
        case "latest", "now": bound = .end
        default:
            if let offset = Int64(text), offset >= 0 {
                bound = .offset(offset)
            } else if let time = WallTime(text, before: now) {
                bound = .time(time)
            } else {
                return nil
            }
        }
    }

    var time: WallTime? { if case .time(let time) = bound { time } else { nil } }

    /// The same as an end to read up to.
    var boundBehind: RangeFinder.Bound { time.map { RangeFinder.bounds(from: nil, until: $0).end } ?? bound }
}

extension WallTime {
    /// A point in time, also said by how long ago it was: `2026-05-01T00:00:00Z`, `2h`. No record is older than the clock of computers,
    /// and Kafka takes times before for something else.
    public init?(_ text: String, before now: WallTime) {
        if let ago = TimeSpan(text) {
            self.init(milliseconds: max(0, now.milliseconds - ago.millisecondsRoundedUp))
        } else if let time = Array(text.utf8).withUnsafeBytes({ WallTime(rfc3339: $0) }) {
            self.init(milliseconds: max(0, time.milliseconds))
        } else {
            return nil
        }
    }
}

/// What of a topic one of its subscriptions is to get again.
public struct ReplaySelection: Sendable {
    public var subscription: String
    public var from: ReplayBound
    public var to: ReplayBound
    /// Of these partitions; empty means all.
    public var partitions: [Int32]
    /// Only events whose records have it.
    public var key: String?

    public init(subscription: String, from: ReplayBound, to: ReplayBound, partitions: [Int32] = [], key: String? = nil) {
        self.subscription = subscription
        self.from = from
        self.to = to
        self.partitions = partitions
        self.key = key
    }

    /// The job that replays it: the same one, whoever asks for it.
    public func replay(of topic: String, named name: String?) -> JobIdentity {
        JobIdentity(name: name, subject: subscription, options: [topic, subscription, from.text, to.text, partitions.sorted().description, key ?? "\u{0}"])
    }
}

/// A replay as somebody asks for it, from its beginning to its end.
public struct ReplayRun {
    private let runner: JobRunner
    private let selection: ReplaySelection
    private let schemas: (any SchemaSource)?
    private let policy: Subscription
    private let mapping: EventMapping
    public let topic: String
    public let identity: JobIdentity

    /// - Parameter name: nil makes one of the selection.
    public init(
        _ runner: JobRunner, _ selection: ReplaySelection, named name: String?, _ manifests: [TopicManifest], schemas: (any SchemaSource)?
    ) throws(JobFailure) {
        self.runner = runner
        self.selection = selection
        self.schemas = schemas
        for manifest in manifests {
            guard let found = manifest.subscriptions.first(where: { $0.name == selection.subscription }) else { continue }
            policy = found
            mapping = manifest.mapping
            topic = manifest.topic
            identity = selection.replay(of: topic, named: name)
            return
        }
        let known = manifests.flatMap(\.subscriptions).map(\.name).sorted().joined(separator: ", ")
        throw .unknown("there is no subscription \(selection.subscription); there are: \(known.isEmpty ? "none" : known)")
    }

    /// - Throws: `JobFailure`, mostly.
    public func run() throws -> JobOutcome {
        let store = try runner.store(.replay, identity)
        let extent = try self.extent()
        let lease = try runner.lease(.replay, identity)
        defer { lease?.release() }
        var (state, beginning) = try runner.begin(identity, store, extent, again: runner.conduct.isAgain)
        if beginning == .extended {
            let old = try store.load(extent.partitions)!
            guard old.from != state.from || old.until != state.until else { throw JobFailure.complete(job: identity.name) }
            // "The last two hours" are others now.
            (state, beginning) = try runner.begin(identity, store, extent, again: true)
        }
        try runner.conduct.beginning()
        let plan = ReplayPlan(policy, mapping, from: state.from, until: state.until, key: selection.key, schemas: schemas)
        var outcome = JobOutcome()
        outcome.isComplete = try runner.run(identity.name, plan, state, store, lease, after: &outcome.counts)
        return outcome
    }

    private func extent() throws -> JobRunner.Extent {
        guard let found = runner.cluster.topics.first(where: { $0.name == topic }), !found.partitions.isEmpty else {
            throw JobFailure.unknown("the cluster has no topic \(topic)")
        }
        let numbers = found.partitions.map(\.number)
        for wanted in selection.partitions where !numbers.contains(wanted) {
            throw JobFailure.unknown("topic \(topic) has no partition \(wanted), only \(numbers.count) partitions from 0")
        }
        let partitions = numbers.filter { selection.partitions.isEmpty || selection.partitions.contains($0) }.map { TopicPartition(topic: topic, partition: $0) }
        do throws(KafkaError) {
            let ranges = try RangeFinder(runner.admin).ranges(of: partitions, from: selection.from.bound, to: selection.to.boundBehind)
            return JobRunner.Extent(partitions: partitions, ranges: ranges, from: selection.from.time, until: selection.to.time)
        } catch {
            throw JobFailure.stopped(job: identity.name, reason: "the offsets of \(topic) cannot be found: \(error.message)")
        }
    }
}
