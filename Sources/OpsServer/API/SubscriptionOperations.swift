import Control
import DeliveryCore
import EventModel
import HTTPTypes
import Hummingbird
import Manifests

/// Subscriptions: what they do, and pause, resume and seek.
enum SubscriptionOperations {
    static let all: [Operation] = [
        Operation(
            method: .get, path: "/api/v1/subscriptions", id: "listSubscriptions", summary: "All subscriptions, with the figures of this replica.",
            tag: .subscriptions,
            inputs: Paging.inputs + [
                .query("state", .words(SubscriptionView.State.words), "Only those in this state."),
                .query("topic", .text(maximum: 249), "Only those of this topic."),
                .query("owner", .text(maximum: 1000), "Only those of this owner."),
                .query("label", .text(maximum: 400), "Only those with this label: name=value."),
                .query("source", .words(["file", "api"]), "Only those that are written there."),
            ],
            answer: .json(SubscriptionShapes.list, "Subscriptions, by name."), run: list),
        Operation(
            method: .get, path: "/api/v1/subscriptions/{name}", id: "getSubscription", summary: "One subscription, with its cursors.",
            tag: .subscriptions, inputs: [name], answer: .json(SubscriptionShapes.detail, "The subscription."), run: get),
        change(
            "pause", "pauseSubscription", "Nothing more is sent, and nothing is lost.",
            "What is in flight finishes. Events wait in Kafka, so mind the topic's retention. It outlives restarts and edits of the manifest.", []
        ) { _ in .pause },
        change(
            "resume", "resumeSubscription", "Lets a paused or suspended subscription go on.", "",
            [.body("fromNow", .flag, "Leaves out what has come until now: it is not delivered.", standard: false)]
        ) { .resume(fromNow: $0.flag("fromNow")) },
        change(
            "seek", "seekSubscription", "Sends a subscription to another place of its topic, while it runs or not.",
            "Backwards, events are delivered again; forwards, those in between are not delivered.",
            [.body("to", target, "earliest, latest, a time (RFC 3339), how long ago (1h), an offset, or partition=offset,... for some partitions only.", isRequired: true)]
        ) { call in
            guard let target = SeekTarget(call.text("to") ?? "", now: wallTime()) else { preconditionFailure("it was looked at before") }
            return .seek(to: target)
        },
        TestOperation.operation,
    ] + RegistrationOperations.all

    static let name = Input.path(
        "name", .form(schema: ["type": "string", "pattern": "^[a-z0-9][a-z0-9.-]*$", "maxLength": 200], expected: "a subscription's name") { _ in true },
        "The subscription's name.")

    private static let target = Input.Kind.form(
        schema: [
            "anyOf": [
                ["type": "string", "enum": ["earliest", "latest"]], ["type": "string", "format": "date-time"],
                ["type": "string", "pattern": "^-?[1-9]([0-9]{0,8}(ms|s)|[0-9]{0,6}m|[0-9]{0,5}h|[0-9]{0,4}d)$"], ["type": "string", "pattern": "^(0|[1-9][0-9]{0,17})$"],
                ["type": "string", "pattern": "^(0|[1-9][0-9]{0,8})=(0|[1-9][0-9]{0,17})(,(0|[1-9][0-9]{0,8})=(0|[1-9][0-9]{0,17}))*$"],
            ]
        ], expected: "earliest, latest, a time such as 2026-05-01T08:00:00Z, a duration such as 1h, an offset, or partition=offset,...",
        isRight: { SeekTarget($0, now: wallTime()) != nil })

    // MARK: Looking

    @Sendable private static func list(_ call: Call) throws(Problem) -> Response {
        var views = SubscriptionView.all(call.source)
        if let state = call.text("state") { views.removeAll { $0.state.rawValue != state } }
        if let topic = call.text("topic") { views.removeAll { $0.snapshot.topic != topic } }
        if let owner = call.text("owner") { views.removeAll { $0.snapshot.owner != owner } }
        if let label = call.text("label") { views.removeAll { view in view.definition?.labels.contains { "\($0.name)=\($0.value)" == label } != true } }
        if let source = call.text("source") { views.removeAll { ($0.definition.map { $0.file == nil } ?? false) != (source == "api") } }
        let piece = Paging.piece(views, of: call) { $0.snapshot.name }
        return Reply.json(SubscriptionShapes.list, .init(subscriptions: piece.items, next: piece.next))
    }

    @Sendable private static func get(_ call: Call) throws(Problem) -> Response {
        let name = call.text("name") ?? ""
        guard let found = SubscriptionView.all(call.source).first(where: { $0.snapshot.name == name }) else { throw unknown(name) }
        return Reply.json(SubscriptionShapes.detail, found)
    }

    static func unknown(_ name: String) -> Problem {
        Problem(.notFound, "There is no subscription \"\(name.prefix(200))\"; /api/v1/subscriptions lists all.")
    }

    // MARK: Changing

    private struct Changed: Sendable {
        var subscription: String
        var change: String
        var by: Attribution
        var receipt: ChangeReceipt
    }

    private static let changed = ObjectShape<Changed>("Change", "A change that is in the control topic and in force.", [
        .text("subscription", "Its name.") { $0.subscription },
        .words("change", ["pause", "resume", "seek"], "What was changed.") { $0.change },
    ] + SubscriptionShapes.attribution { $0.by } + [
        .count("replicas", "Running replicas that obey it already.") { $0.receipt.replicas },
        .texts("silent", "Replicas that have not answered, and are taken for dead.") { $0.receipt.silent },
        .optionalObject("seek", moved) { $0.receipt.seek },
    ])

    private static let moved = ObjectShape<Seek>("Move", "Where cursors go. Each is moved by its partition's owner; `seek.outstanding` of the subscription says which are still to be.", [
        .text("to", "What was asked for.") { $0.to },
        .counts("offsets", "By partition.") { seek in
            seek.offsets.sorted { $0.key < $1.key }.map { (name: "\($0.key)", count: Int($0.value)) }
        },
    ])

    private static func change(
        _ verb: String, _ id: String, _ summary: String, _ text: String, _ inputs: [Input],
        _ change: @escaping @Sendable (Call) -> SubscriptionChange
    ) -> Operation {
        Operation(
            method: .post, path: "/api/v1/subscriptions/{name}/\(verb)", id: id, summary: summary,
            text: text + (text.isEmpty ? "" : " ") + "Answered when all replicas obey, or ten seconds have passed. Who, when and why is recorded.",
            tag: .subscriptions, access: .operators,
            inputs: [name] + inputs + [.body("reason", .text(maximum: 500), "Why; others will ask.")],
            answer: .json(changed, "It is in force."),
            problems: [
                (.conflict, "It cannot be done as things are; nothing was changed."),
                (.serviceUnavailable, "The bridge has not started, or Kafka does not answer."),
            ]
        ) { (call) throws(Problem) in
            let name = call.text("name") ?? ""
            let attribution = call.attribution
            do throws(ChangeFailure) {
                let receipt = try await call.source.change(change(call), of: name, by: attribution)
                return Reply.json(changed, Changed(subscription: name, change: verb, by: attribution, receipt: receipt))
            } catch {
                throw problem(error, of: name)
            }
        }
    }

    static func problem(_ failure: ChangeFailure, of name: String) -> Problem {
        switch failure {
        case .unknownSubscription: unknown(name)
        case .impossible(let reason): Problem(.conflict, reason)
        case .unavailable(let reason): Problem(.serviceUnavailable, reason, headers: [.retryAfter: "5"])
        }
    }
}
