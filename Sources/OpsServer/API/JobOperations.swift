import Control
import EventModel
import HTTPTypes
import Hummingbird
import Manifests
import Redelivery

/// Redrives and replays: jobs that a replica runs, and Kafka remembers.
enum JobOperations {
    static let all: [Operation] =
        operations(
            .redrive, resource: "redrives", one: "Redrive", list: "Redrives", summary: "Sends dead letters again, each to the subscription that failed.",
            inputs: [
                .body("topic", .text(maximum: 249), "The topic whose events they were, or a dead-letter topic itself.", isRequired: true),
                .body("subscription", .text(maximum: 200), "Only this one's."), .body("kind", DeadLetterOperations.kinds, "Only failures of this kind."),
                .body("status", DeadLetterOperations.status, "Only those whose last attempt was answered so: 422, or 5xx."),
                .body("since", DeadLetterOperations.pointInTime, "Only those written since then: 2h (ago), or a time."),
                .body("until", DeadLetterOperations.pointInTime, "Only those written before then."), .body("key", .text(maximum: 1000), "Only those with this key."),
                .body("event", .text(maximum: 1000), "Only this event: its id, its webhook-id, or topic-partition-offset of its record."),
                .body("search", .text(maximum: 200), "Only those of which all these words are said: in ids, subscription, kind, status or message."),
                .body("places", places, "Only those that stand there: dead-letter topic, partition and offset, with slashes between."),
                .body("maxRedrives", .count(1...1000), "Refuse events that were redriven so often.", standard: 3),
                .body("force", .flag, "Send those too that maxRedrives refuses.", standard: false),
            ]) { call in
                var filter = DeadLetterOperations.filter(call)
                filter.places = call.list("places").map { Set($0.compactMap { RecordPlace($0) }) }
                let selection = DeadLetterSelection(topic: call.text("topic") ?? "", filter: filter, since: call.text("since"), until: call.text("until"))
                return .redrive(selection, maxRedrives: call.count("maxRedrives"), isForced: call.flag("force"))
            }
        + operations(
            .replay, resource: "replays", one: "Replay", list: "Replays", summary: "Sends a range of a topic to one subscription again.",
            inputs: [
                .body("subscription", .text(maximum: 200), "Who gets the events. Its filters apply, its cursors are not touched.", isRequired: true),
                .body("from", bound, "Where the range begins: a time, how long ago, an offset in each partition, earliest or latest.", isRequired: true),
                .body("to", bound, "Where it ends; default latest."), .body("partition", .count(0...2_147_483_647), "Only this partition."),
                .body("key", .text(maximum: 1000), "Only events whose records have this key."),
            ]) { call in
                let now = wallTime()
                guard let from = ReplayBound(call.text("from") ?? "", now: now), let to = ReplayBound(call.text("to") ?? "latest", now: now) else {
                    preconditionFailure("they were looked at before")
                }
                let partitions = call.number("partition").map { [Int32($0)] } ?? []
                return .replay(ReplaySelection(subscription: call.text("subscription") ?? "", from: from, to: to, partitions: partitions, key: call.text("key")))
            }

    // MARK: What is asked for

    private static let places = Input.Kind.list(
        maximum: 500, schema: ["type": "string", "pattern": "^[a-zA-Z0-9._-]{1,249}/[0-9]{1,9}/[0-9]{1,18}$"], expected: "topic/partition/offset",
        // 18 digits at most, as the pattern says.
        isRight: { RecordPlace($0).map { $0.offset < 1_000_000_000_000_000_000 } ?? false })

    private static let bound = Input.Kind.form(
        schema: [
            "anyOf": [
                ["type": "string", "enum": ["earliest", "latest"]], ["type": "string", "format": "date-time"],
                ["type": "string", "pattern": "^[1-9]([0-9]{0,8}(ms|s)|[0-9]{0,6}m|[0-9]{0,5}h|[0-9]{0,4}d)$"], ["type": "string", "pattern": "^(0|[1-9][0-9]{0,17})$"],
            ]
        ], expected: "earliest, latest, a time such as 2026-05-01T08:00:00Z, a duration such as 1h, or an offset", isRight: { ReplayBound($0, now: wallTime()) != nil })

    private static let how: [Input] = [
        .body("dryRun", .flag, "Only count what would be sent; nothing is written.", standard: false),
        .body("rate", .count(1...1_000_000), "Records per second at most."),
        .body("limit", .count(1...1_000_000_000), "Stop after so many; the same request goes on from there."),
        .body(
            "job", .form(schema: ["type": "string", "pattern": "^[a-zA-Z0-9._-]{1,100}$"], expected: "letters, digits, '.', '_' and '-', at most 100", isRight: JobIdentity.isValid),
            "The job's name, instead of one made of what is asked for."),
        .body("again", .flag, "Forget how far the job has come and begin anew: what was sent is sent again.", standard: false),
    ]

    private static let reason = Input.body("reason", .text(maximum: 500), "Why; others will ask.")

    // MARK: Operations

    private static func operations(
        _ verb: JobVerb, resource: String, one: String, list: String, summary: String, inputs: [Input], _ work: @escaping @Sendable (Call) -> JobRequest.Work
    ) -> [Operation] {
        let id = Input.path(
            "id", .form(schema: ["type": "string", "pattern": "^[a-zA-Z0-9._-]{1,300}$"], expected: "a job's name") { _ in true }, "The job's name.")
        let missing = (status: HTTPResponse.Status.notFound, text: "No such job was asked for through the API.")
        return [
            Operation(
                method: .post, path: "/api/v1/\(resource)", id: "start\(one)", summary: summary,
                text: """
                    A job that Kafka remembers, as of `fanfare \(verb == .redrive ? "dlq redrive" : "replay")`, with the same names: interrupted by whatever, the same request, or the \
                    command, goes on where it was, and nothing is sent twice. Answered when this replica runs it. Who, when and why is recorded first. A dry run \
                    writes nothing, and only the replica that answers knows of it.
                    """,
                tag: .redelivery, access: .operators, inputs: inputs + how + [reason],
                answer: .json(job, "It runs.", status: .accepted),
                problems: [
                    (.notFound, "What it is about is not there."), (.conflict, "Another process works on it, or it was begun with other options, or is complete."),
                    DeadLetterOperations.unavailable,
                ]
            ) { (call) throws(Problem) in
                let request = JobRequest(
                    work: work(call), name: call.text("job"), isDryRun: call.flag("dryRun"), isAgain: call.flag("again"), rate: call.number("rate"),
                    limit: call.number("limit"), text: call.json(of: inputs + how.filter { $0.name != "dryRun" }).compact)
                do throws(RedeliveryFailure) {
                    return Reply.json(job, Shown(try await call.source.redelivery.start(request, by: call.attribution), call), status: .accepted)
                } catch {
                    throw DeadLetterOperations.problem(error)
                }
            },
            Operation(
                method: .get, path: "/api/v1/\(resource)", id: "list\(list)", summary: "\(list) that were asked for through the API, by name.",
                text: """
                    Of all replicas, and dry runs of the one that answers. Figures are those of jobs that run here, or ended here. For those that run \
                    elsewhere, as far as is known here, the answer waits for signs of life, four seconds at most.
                    """, tag: .redelivery, inputs: Paging.inputs,
                answer: .json(jobs, "The jobs.")
            ) { call in
                let piece = Paging.piece(await call.source.redelivery.jobs(verb), of: call, by: \.id.name)
                return Reply.json(jobs, Piece(jobs: piece.items.map { Shown($0, call) }, next: piece.next))
            },
            Operation(
                method: .get, path: "/api/v1/\(resource)/{id}", id: "get\(one)", summary: "How far one has come.", tag: .redelivery, inputs: [id],
                answer: .json(job, "The job."), problems: [missing, DeadLetterOperations.unavailable]
            ) { (call) throws(Problem) in
                do throws(RedeliveryFailure) {
                    return Reply.json(job, Shown(try await call.source.redelivery.job(JobOrder.ID(verb, call.text("id") ?? "")), call))
                } catch {
                    throw DeadLetterOperations.problem(error)
                }
            },
            Operation(
                method: .post, path: "/api/v1/\(resource)/{id}/stop", id: "stop\(one)", summary: "Ends a run of a job in good order, wherever it runs.",
                text: "The same request goes on from there. Who, when and why is recorded.", tag: .redelivery, access: .operators, inputs: [id, reason],
                answer: .json(job, "It is told to stop."), problems: [missing, (.conflict, "It does not run."), DeadLetterOperations.unavailable]
            ) { (call) throws(Problem) in
                do throws(RedeliveryFailure) {
                    return Reply.json(job, Shown(try await call.source.redelivery.stop(JobOrder.ID(verb, call.text("id") ?? ""), by: call.attribution), call))
                } catch {
                    throw DeadLetterOperations.problem(error)
                }
            },
        ]
    }

    // MARK: Shapes

    /// What was asked for may hold keys of events: not for viewers.
    private struct Shown: Sendable {
        var report: JobReport
        var isForOperators: Bool

        init(_ report: JobReport, _ call: Call) {
            self.report = report
            isForOperators = call.caller.role == .operators
        }
    }

    private struct Piece: Sendable {
        var jobs: [Shown]
        var next: String?
    }

    private static let jobs = ObjectShape<Piece>("JobList", "A piece of the list of jobs.", [.list("jobs", job, "By name.") { $0.jobs }, Paging.next { $0.next }])

    private static let job = ObjectShape<Shown>("Job", "A redrive or a replay.", [
        .text("id", "Its name.") { $0.report.id.name }, .words("verb", JobVerb.allCases.map(\.rawValue), "What it does.") { $0.report.id.verb.rawValue },
        .words(
            "state", JobReport.State.allCases.map(\.rawValue),
            "`elsewhere` runs on another replica, as far as is known here. `limited` has sent as many as it was to send at most. Whatever was not `done` goes on with the same request."
        ) { $0.report.state.rawValue },
        .flag("dryRun", "Whether it only counts.") { $0.report.isDryRun }, .text("replica", "Who runs it, or did.") { $0.report.replica },
    ] + SubscriptionShapes.attribution { $0.report.change } + [
        .optionalObject("stop", stop) { $0.report.stop }, .optionalText("endedAt", "When this run ended.") { $0.report.endedAt?.rfc3339 },
        .optionalText("message", "Why it failed.") { $0.report.message.isEmpty ? nil : $0.report.message },
        .optionalInteger("done", "Offsets that were looked at; left out where it is not known here.") { $0.report.done.map { Int64($0) } },
        .optionalInteger("total", "Of so many.") { $0.report.total.map { Int64($0) } },
        .optionalInteger("left", "Offsets that are still to be looked at; left out where it is not known.") { $0.report.left.map { Int64($0) } },
        .optionalInteger("sent", "What this run has sent, or would send.") { $0.report.sent.map { Int64($0) } },
        .optionalInteger("refused", "What it refused.") { $0.report.refused.map { Int64($0) } },
        .optionalObject("figures", figures) { $0.report.counts },
        .init(name: "request", schema: ["type": "object", "description": "What was asked for. For operators only."], isRequired: false) {
            $0.isForOperators ? .raw($0.report.request) : nil
        },
    ])

    private static let stop = ObjectShape<Attribution>("JobStop", "Who told it to stop.", SubscriptionShapes.attribution { $0 })

    private static let figures = ObjectShape<JobCounts>("JobFigures", "What this run did.", [
        .count("matching", "Records that were asked for.") { $0.matching },
        .count("found", "Of those, handed over just before the job was interrupted, and not sent again.") { $0.found },
        .counts("bySubscription", "What was sent.") { sorted($0.bySubscription) }, .counts("byKind", "What was sent, of dead letters.") { sorted($0.byLabel) },
        .counts("refused", "By reason.") { sorted($0.refused) },
    ])

    private static func sorted(_ counts: [String: Int]) -> [(name: String, count: Int)] {
        counts.sorted { $0.key < $1.key }.map { (name: $0.key, count: $0.value) }
    }
}
