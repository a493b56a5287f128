import Control
import DeliveryCore
import EventModel
import Manifests

/// A subscription as the API shows it: this replica's figures, and what operators said of it.
struct SubscriptionView: Sendable {
    let snapshot: SubscriptionSnapshot
    /// The last word of an operator, also a resume.
    let pause: Pause?
    /// The one that holds.
    let suspension: Suspension?
    let seek: SeekView?
    let definition: SubscriptionDefinition?
    let now: WallTime

    struct SeekView: Sendable {
        var seek: Seek
        /// Partitions whose cursor no owner has moved yet.
        var outstanding: [Int32]
    }

    init(_ snapshot: SubscriptionSnapshot, _ control: ControlState, _ definition: SubscriptionDefinition?, at now: WallTime) {
        self.snapshot = snapshot
        self.definition = definition
        self.now = now
        pause = control.pauses[snapshot.name]
        suspension = snapshot.suspended ? control.suspensions[snapshot.name] : nil
        seek = control.seeks[snapshot.name].map {
            SeekView(seek: $0, outstanding: control.outstandingOffsets(of: snapshot.name, on: snapshot.topic).keys.sorted())
        }
    }

    /// All that have a name: those that run, those that have just come, and those of the API that cannot run.
    static func all(_ source: any OpsSource) -> [SubscriptionView] {
        let (control, definitions, now) = (source.control(), source.definitions(), wallTime())
        // Figures are copied now and then; what was deleted meanwhile shall not be seen any more.
        var views = source.snapshot().subscriptions.filter { control.registrations[$0.name].map { $0.definition != nil } ?? true || definitions[$0.name] != nil }
            .map { SubscriptionView($0, control, definitions[$0.name], at: now) }
        let shown = Set(views.map(\.snapshot.name))
        for definition in definitions.values where !shown.contains(definition.name) { views.append(SubscriptionView(definition, control, at: now)) }
        return views
    }

    /// One that no shard has figures of.
    init(_ definition: SubscriptionDefinition, _ control: ControlState, at now: WallTime) {
        var snapshot = SubscriptionSnapshot(name: definition.name, topic: definition.topic)
        snapshot.owner = definition.owner
        self.init(snapshot, control, definition, at: now)
    }

    /// The console's `health.js` has each of them.
    enum State: String, Sendable, CaseIterable {
        /// It came through the API, and cannot be used as things are.
        case refused
        /// By its manifest.
        case disabled
        case paused, suspended
        case circuitOpen = "circuit-open"
        case probing, retrying, delivering

        static let words = allCases.map(\.rawValue)
    }

    /// The most important thing to say about it.
    var state: State {
        if let definition, !definition.isInForce { return .refused }
        if !snapshot.enabled { return .disabled }
        // Figures are copied now and then; who has just paused it shall see that.
        if pause?.isPaused ?? snapshot.paused { return .paused }
        if snapshot.suspended { return .suspended }
        switch snapshot.circuit {
        case .open: return .circuitOpen
        case .probing: return .probing
        case .closed: return snapshot.waiting > 0 ? .retrying : .delivering
        }
    }

    /// Why nothing can be sent, where nobody asked for that; else empty.
    var reason: String { state == .refused ? definition?.problem ?? "" : snapshot.reason }
}

/// The objects of answers about subscriptions.
enum SubscriptionShapes {
    struct Piece: Sendable {
        var subscriptions: [SubscriptionView]
        var next: String?
    }

    static let list = ObjectShape<Piece>("SubscriptionList", "A piece of the list of subscriptions.", [
        .list("subscriptions", summary, "By name.") { $0.subscriptions }, Paging.next { $0.next },
    ])

    static let summary = ObjectShape<SubscriptionView>("Subscription", "A subscription, with the figures of this replica.", summaryMembers)

    static let detail = ObjectShape<SubscriptionView>(
        "SubscriptionDetail", "A subscription with its cursors.",
        summaryMembers + [
            .init(
                name: "definition", schema: ["type": "object", "description": "Of one that came through the API, as it was put; what may be a secret is masked."],
                isRequired: false
            ) { $0.definition?.shown },
            .list("cursors", cursor, "One for each partition that this replica owns.") { $0.snapshot.lags },
        ])

    private static let summaryMembers: [ObjectShape<SubscriptionView>.Member] = [
        .text("name", "Unique across all topics.") { $0.snapshot.name },
        .text("topic", "What it reads.") { $0.snapshot.topic },
        .text("owner", "Whom to tell; empty where the manifest does not say.") { $0.snapshot.owner },
        .words("source", ["file", "api"], "Where it is written.") { $0.definition.map { $0.file == nil } ?? false ? "api" : "file" },
        .optionalText("file", "Its manifest, on the replica that answers.") { $0.definition?.file },
        .init(name: "labels", schema: ["type": "object", "additionalProperties": ["type": "string"], "description": "Its labels."]) { view in
            .object((view.definition?.labels ?? []).map { JSON.Member(name: $0.name, value: .string($0.value)) })
        },
        .optionalText("problem", "Why it is not in force as it is written.") { $0.definition.flatMap { $0.problem.isEmpty ? nil : $0.problem } },
        .words("state", SubscriptionView.State.words, "The most important thing to say about it.") { $0.state.rawValue },
        .text("reason", "Why it is refused or suspended, or its circuit is open; else empty.") { $0.reason },
        .words("circuit", ["closed", "probing", "open"], "Whether failures count as an outage.") { $0.snapshot.circuit.word },
        .count("inFlight", "Requests without an answer yet.") { $0.snapshot.inFlight },
        .count("concurrency", "Requests that may be in flight just now.") { $0.snapshot.concurrency },
        .count("waiting", "Events that wait in memory for the moment of their next attempt.") { $0.snapshot.waiting },
        .count("openWindows", "With `window`: those that are open.") { $0.snapshot.openWindows },
        .optionalInteger("watermark", "With `window`: unix milliseconds of the least watermark of its partitions.") { $0.snapshot.watermark?.milliseconds },
        .count("lag", "Records between its cursors and the ends of their partitions; with `window`, those that open windows hold are among them.") { Int(max(0, $0.snapshot.lag)) },
        .optionalNumber("lagSeconds", "Age of the oldest unsettled record; left out when it is not known.") { $0.snapshot.lagSeconds(at: $0.now) },
        .optionalObject("pause", pause) { $0.pause },
        .optionalObject("suspension", suspension) { $0.suspension },
        .optionalObject("seek", seek) { $0.seek },
        .object("counters", counters) { $0.snapshot.counters },
    ]

    // MARK: Who changed what

    private static let pause = ObjectShape<Pause>("Pause", "The last word of an operator on whether it stands still.", [
        .flag("paused", "Or resumed.") { $0.isPaused }
    ] + attribution { $0.change })

    private static let suspension = ObjectShape<Suspension>("Suspension", "The endpoint said stop.", attribution { $0.change })

    private static let seek = ObjectShape<SubscriptionView.SeekView>("Seek", "The last time that an operator moved its cursors.", [
        .text("to", "What was asked for.") { $0.seek.to },
        .integers("outstanding", "Partitions whose cursor no owner has moved yet.") { $0.outstanding.map { Int($0) } },
    ] + attribution { $0.seek.change })

    static func attribution<Value>(_ change: @escaping @Sendable (Value) -> Attribution) -> [ObjectShape<Value>.Member] {
        [
            .text("by", "Who: the name of a token and an address, or what a command said.") { change($0).by },
            .time("at", "When.") { change($0).at.rfc3339 },
            .text("reason", "Why; empty when nobody said.") { change($0).reason },
        ]
    }

    // MARK: Figures

    private static let cursor = ObjectShape<PartitionLag>("Cursor", "How far a subscription has come in a partition.", [
        .count("partition", "Its number.") { Int($0.partition) },
        .count("offset", "The lowest unsettled offset.") { max(0, Int($0.offset)) },
        .count("lag", "Records from there to the end.") { Int(max(0, $0.records)) },
        .optionalInteger("oldest", "Unix milliseconds of the oldest unsettled record, where it is known.") { $0.oldest?.milliseconds },
        .flag("lagging", "Whether it is served by reading back, outside the ring of recent records.") { $0.lagging },
    ])

    private static let counters = ObjectShape<SubscriptionCounters>("Counters", "What happened since this replica started.", [
        .count("routed", "Events that matched.") { Int(clamping: $0.routed) },
        .count("attempts", "Requests that ended.") { Int(clamping: $0.attemptsSucceeded + $0.attemptsToRetry + $0.attemptsRefused) },
        .count("attemptsSucceeded", "Those that an endpoint accepted.") { Int(clamping: $0.attemptsSucceeded) },
        .count("attemptsToRetry", "Those that will be tried again.") { Int(clamping: $0.attemptsToRetry) },
        .count("attemptsRefused", "Those that will not.") { Int(clamping: $0.attemptsRefused) },
        .count("deliveries", "Events accepted with a 2xx answer.") { Int(clamping: $0.deliveries) },
        .count("retriesScheduled", "Events that Kafka took into the retry topic.") { Int(clamping: $0.retriesScheduled) },
        .count("deadLetters", "Events that Kafka took into the dead-letter topic.") { Int(clamping: $0.deadLetterTotal) },
        .counts("deadLettersByKind", "Only the kinds that occurred.") { counters in
            zip(FailureKind.allCases, counters.deadLetters).filter { $0.1 > 0 }.map { (name: $0.0.rawValue, count: Int(clamping: $0.1)) }
        },
        .count("drops", "Events dropped because `deadLetter.drop` says so.") { Int(clamping: $0.drops) },
        .count("repeats", "Events dropped because the same came before.") { Int(clamping: $0.repeats) },
        .count("circuitOpenings", "Times that failures counted as an outage.") { Int(clamping: $0.circuitOpenings) },
        .count("duplicatesPossible", "Deliveries that may be repeated, because a partition was lost before their commit.") { Int(clamping: $0.duplicatesPossible) },
    ])
}

extension SubscriptionSnapshot.Circuit {
    fileprivate var word: String {
        switch self {
        case .closed: "closed"
        case .probing: "probing"
        case .open: "open"
        }
    }
}

extension SubscriptionSnapshot {
    /// Age of its oldest unsettled record: zero when it has caught up, nil when it has not and no age is known.
    func lagSeconds(at now: WallTime) -> Double? {
        let behind = lags.lazy.filter { $0.records > $0.inWindows }
        if let oldest = behind.compactMap(\.oldest).min() { return max(0, (now - oldest).seconds) }
        return behind.isEmpty ? 0 : nil
    }
}
