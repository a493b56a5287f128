internal import EventModel
internal import KafkaClient

/// A redrive as somebody asks for it, from its beginning to its end.
public struct RedriveRun {
    private let runner: JobRunner
    private let source: DeadLetterSource
    public let identity: JobIdentity
    private let maxRedrives: Int
    private let isForced: Bool

    /// - Parameters:
    ///   - maxRedrives: those that were redriven so often are refused.
    ///   - isForced: or sent all the same.
    public init(_ runner: JobRunner, _ source: DeadLetterSource, _ identity: JobIdentity, maxRedrives: Int, isForced: Bool) {
        self.runner = runner
        self.source = source
        self.identity = identity
        self.maxRedrives = maxRedrives
        self.isForced = isForced
    }

    /// - Throws: `JobFailure`, mostly.
    public func run() throws -> JobOutcome {
        let extent = JobRunner.Extent(
            partitions: source.partitions, ranges: try source.ranges(), from: source.filter.since, until: source.filter.until)
        var outcome = JobOutcome()
        var isFirst = true
        for (identity, loops) in passes where outcome.isComplete {
            let store = try runner.store(.redrive, identity)
            let lease = try runner.lease(.redrive, identity)
            defer { lease?.release() }
            let (state, _) = try runner.begin(identity, store, extent, again: runner.conduct.isAgain)
            if isFirst { try runner.conduct.beginning() }
            isFirst = false
            var filter = source.filter
            filter.since = state.from
            filter.until = state.until
            let plan = RedrivePlan(filter, source.ids, loops: loops, subscriptions: source.subscriptions, admin: runner.admin)
            outcome.isComplete = try runner.run(identity.name, plan, state, store, lease, after: &outcome.counts)
        }
        return outcome
    }

    /// What is forced is a job of its own: what the guard refused before lies behind the position of the other one.
    private var passes: [(JobIdentity, RedrivePlan.Loops)] {
        guard isForced else { return [(identity, .refuse(from: maxRedrives))] }
        var forced = identity
        forced.name += ".forced"
        return [(identity, .leave(from: maxRedrives)), (forced, .only(from: maxRedrives))]
    }
}
