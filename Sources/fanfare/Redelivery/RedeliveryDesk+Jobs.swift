import BridgeRuntime
import Control
import Dispatch
import EventFormats
import EventLoop
import EventModel
import Glibc
import KafkaClient
import OpsServer
import Redelivery
import SchemaRegistry
import Synchronization

extension RedeliveryDesk {
    // MARK: Starting

    func start(_ request: JobRequest, by: Attribution) async throws(RedeliveryFailure) -> JobReport {
        guard let replica = bridge.replicaName else { throw .unavailable("nothing can be sent yet: the bridge has not started") }
        let id = JobOrder.ID(request.verb, try name(of: request) + (request.isDryRun ? ".dry-run" : ""))
        let job = RunningJob(JobReport(id: id, state: .running, isDryRun: request.isDryRun, request: request.text, replica: replica, change: by))
        let refusal: RedeliveryFailure? = state.withLock { state in
            if state.isEnding { return .unavailable("this replica stops; ask another one") }
            if state.running[id] != nil { return .impossible("job \(id.name) runs here already; /api/v1/\(id.verb.rawValue)s/\(id.name) says how far it has come") }
            if state.running.count >= Self.mostJobs { return .unavailable("\(Self.mostJobs) jobs run here; repeat it when one has ended, or ask another replica") }
            state.running[id] = job
            return nil
        }
        if let refusal { throw refusal }
        return try await withCheckedContinuation { (continuation: CheckedContinuation<Result<JobReport, RedeliveryFailure>, Never>) in
            Bridge.thread(id.verb.rawValue) { [self] in run(job, request, continuation) }
        }.get()
    }

    private func name(of request: JobRequest) throws(RedeliveryFailure) -> String {
        switch request.work {
        case .redrive(let selection, _, _): return selection.redrive(named: request.name).name
        case .replay(let selection):
            let topic = bridge.topics.first { $0.subscriptions.contains { $0.name == selection.subscription } }
            guard let topic else { throw .unknown("There is no subscription \"\(selection.subscription)\"; /api/v1/subscriptions lists all.") }
            return selection.replay(of: topic.topic, named: request.name).name
        }
    }

    // MARK: On the job's thread

    private func run(_ job: RunningJob, _ request: JobRequest, _ continuation: CheckedContinuation<Result<JobReport, RedeliveryFailure>, Never>) {
        var hasBegun = false
        var conduct = JobConduct(holder: JobHolder(name: job.report.replica, process: getpid()))
        conduct.isDryRun = request.isDryRun
        conduct.isAgain = request.isAgain
        conduct.rate = request.rate.map(Double.init)
        conduct.limit = request.limit
        conduct.progress = job.progressed
        conduct.isCancelled = { [bridge] in job.isStopAsked || job.isStopped(by: bridge) }
        conduct.beginning = { [self] in
            // First who and why, then the deed.
            if !request.isDryRun { try announce(job) }
            hasBegun = true
            continuation.resume(returning: .success(job.report))
        }
        do {
            let outcome = try carryOut(request, conduct)
            end(job, outcome.isComplete && !job.isStopAsked ? .done : job.isStopAsked ? .stopped : .limited)
        } catch {
            let failure = Self.failure(error)
            guard hasBegun else {
                state.withLock { $0.running[job.id] = nil }
                return continuation.resume(returning: .failure(failure))
            }
            end(job, .failed, message: failure.sentence)
        }
    }

    private func carryOut(_ request: JobRequest, _ conduct: JobConduct) throws -> JobOutcome {
        switch request.work {
        case .redrive(let selection, let maxRedrives, let isForced):
            let source = try source(selection, selection.filter)
            let runner = JobRunner(source.configuration, source.kafka, source.admin, source.cluster, conduct)
            return try RedriveRun(runner, source, selection.redrive(named: request.name), maxRedrives: maxRedrives, isForced: isForced).run()
        case .replay(let selection):
            let admin = try ClusterAdmin(bridge.kafka, timeoutMilliseconds: 5000)
            let runner = JobRunner(bridge.configuration, bridge.kafka, admin, try admin.metadata(topic: nil), conduct)
            return try ReplayRun(runner, selection, named: request.name, bridge.topics, schemas: AskedSchemas(bridge.configuration.schemaRegistry)).run()
        }
    }

    private func announce(_ job: RunningJob) throws {
        let control = bridge.control
        let old = control.jobs.filter { $0.key != job.id }.sorted { $0.value.change.at > $1.value.change.at }.dropFirst(Self.remembered - 1)
        let records = [ControlRecord.job(job.id, job.order)] + old.flatMap { [.forgotten(.job($0.key)), .forgotten(.jobStop($0.key))] }
        let written = DispatchSemaphore(value: 0)
        let result = Mutex<ChangeFailure?>(nil)
        Task { [bridge] in
            do throws(ChangeFailure) {
                try await bridge.tell(records)
            } catch {
                result.withLock { $0 = error }
            }
            written.signal()
        }
        written.wait()
        if let failure = result.withLock({ $0 }) { throw RedeliveryFailure(failure) }
    }

    private func end(_ job: RunningJob, _ end: JobReport.State, message: String = "") {
        let now = WallTime(milliseconds: EventLoop.wallMilliseconds())
        state.withLock { state in
            // What a stopping replica leaves open goes on elsewhere.
            job.ended(state.isEnding && end == .stopped ? .interrupted : end, message: message, at: now)
            state.running[job.id] = nil
            state.ended[job.id] = job
            let old = state.ended.values.map { (id: $0.id, at: $0.report.endedAt ?? now) }.sorted { $0.at > $1.at }.dropFirst(Self.remembered)
            for job in old { state.ended[job.id] = nil }
        }
        let report = job.report
        guard !report.isDryRun, let end = JobOrder.End(rawValue: report.state.rawValue) else { return }
        var order = job.order
        order.outcome = .init(end: end, at: now, message: message, sent: Int64(report.sent ?? 0), refused: Int64(report.refused ?? 0))
        bridge.note(.job(job.id, order))
    }

    // MARK: Looking

    func jobs(_ verb: JobVerb) async -> [JobReport] {
        let found = reports(verb)
        let now = ContinuousClock.now
        let doubtful = state.withLock { state in
            state.alive = state.alive.filter { now - $0.value < Self.trust }
            return found.filter { $0.state == .elsewhere && state.alive[$0.id] == nil }.map(\.id)
        }
        // Where Kafka does not say it, what is known here has to do.
        guard !doubtful.isEmpty, (try? await reading { try $0.lookForLife(of: doubtful) }) != nil else { return found }
        return reports(verb)
    }

    private func reports(_ verb: JobVerb) -> [JobReport] {
        let control = bridge.control
        let own = state.withLock { $0.ended.merging($0.running) { $1 } }.filter { $0.key.verb == verb }
        let told = control.jobs.filter { $0.key.verb == verb }.map { report($0.key, $0.value, control, own[$0.key]) }
        return told + own.filter { control.jobs[$0.key] == nil }.map(\.value.report)
    }

    private func report(_ id: JobOrder.ID, _ order: JobOrder, _ control: ControlState, _ own: RunningJob?) -> JobReport {
        if let own, own.run == order.run {
            var report = own.report
            report.stop = control.stop(of: id)
            return report
        }
        var state = JobReport.State.elsewhere
        if let outcome = order.outcome {
            state = JobReport.State(rawValue: outcome.end.rawValue) ?? .failed
        } else if order.replica == bridge.replicaName || control.replicas[order.replica] == nil
            || self.state.withLock({ $0.dead.contains(order.run) })
        {
            state = .interrupted
        }
        let outcome = order.outcome
        return JobReport(
            id: id, state: state, request: order.request, replica: order.replica, change: order.change, stop: control.stop(of: id), endedAt: outcome?.at,
            message: outcome?.message ?? "", sent: outcome.map { Int($0.sent) }, refused: outcome.map { Int($0.refused) })
    }

    private func known(_ id: JobOrder.ID) throws(RedeliveryFailure) -> JobReport {
        guard let found = reports(id.verb).first(where: { $0.id == id }) else {
            throw .unknown("No job \(id.name) was asked for through the API; /api/v1/\(id.verb.rawValue)s lists those that were.")
        }
        return found
    }

    func job(_ id: JobOrder.ID) async throws(RedeliveryFailure) -> JobReport {
        let found = try known(id)
        guard found.left == nil, found.state == .elsewhere || found.state == .interrupted else { return found }
        return try await reading { desk in
            if found.state == .elsewhere { try desk.lookForLife(of: [id]) }
            var report = try desk.known(id)
            report.left = try desk.left(of: found)
            return report
        }
    }

    /// A process that is killed says nothing; whoever works on a job does.
    private func lookForLife(of jobs: [JobOrder.ID]) throws {
        let orders = bridge.control.jobs
        let groups = Dictionary(jobs.map { ($0, JobRunner.group($0.verb, $0.name, bridge.configuration)) }) { first, _ in first }
        let held = try JobLease.held(bridge.kafka, groups: Set(groups.values), place: TopicPartition(topic: bridge.configuration.retryTopicName, partition: 0))
        let now = ContinuousClock.now
        state.withLock { state in
            for (job, group) in groups {
                if held.contains(group) {
                    state.alive[job] = now
                } else if let run = orders[job]?.run {
                    state.dead.insert(run)
                }
            }
        }
    }

    /// What Kafka knows of a job that does not run here.
    private func left(of report: JobReport) throws -> Int? {
        let admin = try ClusterAdmin(bridge.kafka, timeoutMilliseconds: 5000)
        let cluster = try admin.metadata(topic: nil)
        let topics: [ClusterAdmin.Topic]
        switch report.id.verb {
        case .redrive:
            guard let topic = Self.member("topic", of: report.request) else { return nil }
            topics = try DeadLetterTopics(bridge.configuration, bridge.topics).find(topic, in: cluster).topics
        case .replay:
            let name = Self.member("subscription", of: report.request)
            let topic = bridge.topics.first { $0.subscriptions.contains { $0.name == name } }?.topic
            topics = cluster.topics.filter { $0.name == topic }
        }
        let partitions = topics.flatMap { topic in topic.partitions.map { TopicPartition(topic: topic.name, partition: $0.number) } }
        let group = JobRunner.group(report.id.verb, report.id.name, bridge.configuration)
        return try JobStore(bridge.kafka, group: group).load(partitions)?.ranges.reduce(0) { $0 + $1.count }
    }

    /// A member that is a name.
    private static func member(_ name: String, of request: String) -> String? {
        Array(request.utf8).withUnsafeBytes { bytes in
            guard let root = try? JSONScanner.scan(bytes) else { return nil }
            let found = root.members.first { String(decoding: $0.name.raw, as: UTF8.self) == "\"\(name)\"" }
            return found.map { String(decoding: $0.value.raw.dropFirst().dropLast(), as: UTF8.self) }
        }
    }

    // MARK: Stopping

    func stop(_ id: JobOrder.ID, by: Attribution) async throws(RedeliveryFailure) -> JobReport {
        let found = try known(id)
        let own = state.withLock { $0.running[id] }
        guard own != nil || found.state == .elsewhere else { throw .impossible("job \(id.name) does not run: it is \(found.state.rawValue)") }
        if !found.isDryRun {
            guard let run = own?.run ?? bridge.control.jobs[id]?.run else { throw .impossible("job \(id.name) does not run") }
            do throws(ChangeFailure) {
                try await bridge.tell([.jobStop(id, JobStop(run: run, change: by))])
            } catch {
                throw RedeliveryFailure(error)
            }
        }
        own?.askToStop()
        return try known(id)
    }

    /// Ends the jobs of this replica in good order, because it stops. They go on where somebody asks for them again.
    func end() {
        state.withLock { state in
            state.isEnding = true
            for job in state.running.values { job.askToStop() }
        }
    }

    /// Waits for their ends, but not for long: what is not saved then is found when they go on.
    func waitForEnd() async {
        for _ in 0..<100 where state.withLock({ !$0.running.isEmpty }) { try? await Task.sleep(for: .milliseconds(50)) }
    }
}

extension RunningJob {
    /// What the control topic says of it.
    fileprivate var order: JobOrder {
        let report = report
        return JobOrder(run: run, replica: report.replica, request: report.request, change: report.change)
    }

    /// Whether somebody told another replica, or this one, that it is to end. Asked for every record, so it looks only now and then.
    fileprivate func isStopped(by bridge: Bridge) -> Bool {
        guard isTimeToLook() else { return false }
        let control = bridge.control
        guard control.jobs[id]?.run == run, control.stop(of: id) != nil else { return false }
        askToStop()
        return true
    }
}

extension RedeliveryFailure {
    init(_ failure: ChangeFailure) {
        switch failure {
        case .unknownSubscription: self = .unknown("There is no such subscription.")
        case .impossible(let reason): self = .impossible(reason)
        case .unavailable(let reason): self = .unavailable(reason)
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .unknown(let text), .impossible(let text), .unavailable(let text): text
        }
    }
}
