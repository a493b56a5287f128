import DeliveryCore
import EventModel
import Manifests

/// What the stream of events says of a subscription, in few words: a thousand of them are sent at once.
struct SubscriptionFigures: Sendable, Equatable {
    var name: String
    var topic: String
    var owner: String
    var state: SubscriptionView.State
    /// Since when it is in that state, as far as this process has seen it.
    var since: WallTime
    var reason: String
    /// Who paused it.
    var by: String?
    var lag: Int
    /// The oldest unsettled record.
    var oldest: WallTime?
    var delivered: Double
    var failed: Double
    var inFlight: Int
    var concurrency: Int
    var waiting: Int
    var deadLetters: Int
    var median: Double?
    var slowest: Double?
    var nextProbe: WallTime?
    var deletion: WallTime?
}

struct TopicFigures: Sendable, Equatable {
    var name: String
    /// That this replica owns.
    var partitions: Int
    var incoming: Double
    var unread: Int
}

/// A subscription went from one state to another.
struct StateChange: Sendable, Equatable {
    var at: WallTime
    var subscription: String
    /// Nil where it is new.
    var from: SubscriptionView.State?
    /// Nil where it is gone.
    var to: SubscriptionView.State?
    var by: String?
    var reason: String
}

/// One message of the stream.
struct MonitorMessage: Sendable {
    var at: WallTime
    var version: String
    var startedAt: WallTime
    /// Empty when it is ready.
    var notReady: [String]
    /// What is wrong with newer manifests, which were refused; zero when none were.
    var refusedProblems: Int
    var topics: [TopicFigures]
    var subscriptions: [SubscriptionFigures]
    var removed: [String]
    var changes: [StateChange]
}

extension MonitorMessage {
    static let shape = ObjectShape<MonitorMessage>(
        "Figures", "The data of an event of the stream. `snapshot` holds everything, `update` what is different since.", [
            .time("at", "When it was looked at.") { $0.at.rfc3339 },
            .text("version", "Of the program.") { $0.version },
            .time("startedAt", "When the process started.") { $0.startedAt.rfc3339 },
            .texts("notReady", "Why this replica is not ready; empty when it is.") { $0.notReady },
            .count("refusedProblems", "Problems of newer manifests, which were refused; /api/v1/configuration has them.") { $0.refusedProblems },
            .list("topics", topic, "All topics of which this replica owns partitions, by name.") { $0.topics },
            .list("subscriptions", subscription, "All, or those of which something is different.") { $0.subscriptions },
            .texts("removed", "Subscriptions that are gone.") { $0.removed },
            .list("changes", change, "Changes of state; in a snapshot the last ones, at most \(Monitor.rememberedChanges).") { $0.changes },
        ])

    private static let topic = ObjectShape<TopicFigures>("TopicFigures", "A topic in the stream.", [
        .text("name", "In Kafka.") { $0.name },
        .count("partitions", "Those that this replica owns.") { $0.partitions },
        .optionalNumber("incoming", "Records a second that come to them.") { $0.incoming },
        .count("unread", "Records between the readers and the ends of the partitions.") { $0.unread },
    ])

    private static let subscription = ObjectShape<SubscriptionFigures>("SubscriptionFigures", "A subscription in the stream. Times are unix milliseconds.", [
        .text("name", "Unique across all topics.") { $0.name },
        .text("topic", "What it reads.") { $0.topic },
        .text("owner", "Whom to tell.") { $0.owner },
        .words("state", SubscriptionView.State.words, "The most important thing to say about it.") { $0.state.rawValue },
        .optionalInteger("since", "Since when it is in that state, as far as this replica has seen it.") { $0.since.milliseconds },
        .text("reason", "Why it is in that state; else empty.") { $0.reason },
        .optionalText("by", "Who paused it.") { $0.by },
        .count("lag", "Records between its cursors and the ends of their partitions.") { $0.lag },
        .optionalInteger("oldest", "Timestamp of the oldest unsettled record, where it is known.") { $0.oldest?.milliseconds },
        .optionalNumber("delivered", "Events a second that its endpoint accepted, of late.") { $0.delivered },
        .optionalNumber("failed", "Attempts a second that failed, of late.") { $0.failed },
        .count("inFlight", "Requests without an answer yet.") { $0.inFlight },
        .count("concurrency", "Requests that may be in flight just now.") { $0.concurrency },
        .count("waiting", "Events that wait in memory for the moment of their next attempt.") { $0.waiting },
        .count("deadLetters", "Since this replica started.") { $0.deadLetters },
        .optionalNumber("median", "Seconds that half of its attempts took at most, of late.") { $0.median },
        .optionalNumber("slowest", "Seconds that 99 of 100 of them took at most.") { $0.slowest },
        .optionalInteger("nextProbe", "When its open circuit lets the next request out.") { $0.nextProbe?.milliseconds },
        .optionalInteger("deletion", "When Kafka may delete its oldest unsettled record, where less than half of the retention is left.") {
            $0.deletion?.milliseconds
        },
    ])

    private static let change = ObjectShape<StateChange>("StateChange", "A subscription went from one state to another.", [
        .time("at", "When it was seen.") { $0.at.rfc3339 },
        .text("subscription", "Its name.") { $0.subscription },
        .optionalText("from", "Left out where it is new.") { $0.from?.rawValue },
        .optionalText("to", "Left out where it is gone.") { $0.to?.rawValue },
        .optionalText("by", "Who paused or resumed it.") { $0.by },
        .text("reason", "Why, where it is known.") { $0.reason },
    ])
}

/// A subscription's history as it is answered.
struct HistoryView: Sendable {
    var subscription: String
    var samples: [History.Sample]

    static let shape = ObjectShape<HistoryView>("History", "What a subscription did in the last hour on this replica.", [
        .text("subscription", "Its name.") { $0.subscription },
        .count("interval", "Seconds between samples.") { _ in Int(History.interval.seconds) },
        .list("samples", sample, "From the oldest on; less than an hour after a start, or with very many subscriptions.") { $0.samples },
    ])

    private static let sample = ObjectShape<History.Sample>("Sample", "Figures of ten seconds.", [
        .optionalInteger("at", "Their end, in unix milliseconds.") { $0.at.milliseconds },
        .optionalNumber("delivered", "Events a second that the endpoint accepted.") { Self.rounded($0.delivered) },
        .optionalNumber("failed", "Attempts a second that failed.") { Self.rounded($0.failed) },
        .optionalNumber("lag", "Records behind the ends of the partitions.") { Self.rounded($0.lag) },
        .optionalNumber("median", "Seconds that half of the attempts took at most; left out where none ended.") { Self.rounded($0.median) },
        .optionalNumber("slowest", "Seconds that 99 of 100 attempts took at most.") { Self.rounded($0.slowest) },
        .optionalNumber("delay", "Seconds from the record's timestamp to the first success, for 99 of 100 events.") { Self.rounded($0.delay) },
    ])

    private static func rounded(_ value: Float) -> Double? { value.isNaN ? nil : (Double(value) * 10_000).rounded() / 10_000 }
}
