import EventModel
import Hummingbird
import Manifests
import Receipts
import Redelivery

/// What was attempted, from the index of receipts.
enum DeliveryOperations {
    static let all: [Operation] = [
        Operation(
            method: .get, path: "/api/v1/deliveries", id: "listDeliveries", summary: "Attempts to deliver events: what happened to an event, and what failed.",
            text: """
                Of all replicas, from the index of receipts that this one keeps (receipts.index). `index.behind` says how many receipts are still to come; \
                older ones than `index.oldest` are not in it.
                """,
            tag: .deliveries,
            inputs: [
                .query("event", .text(maximum: 1000), "Only of this event: its id, its webhook-id, or topic-partition-offset of its record."),
                .query("subscription", .text(maximum: 200), "Only of this subscription."),
                .query("failed", .flag, "Only attempts that failed.", standard: false),
                .query("since", DeadLetterOperations.pointInTime, "Only attempts since then: a time (RFC 3339), or how long ago (2h)."),
                .query("until", DeadLetterOperations.pointInTime, "Only attempts before then."),
                Paging.limit,
                .query("after", position, "The `next` of the piece before."),
            ],
            answer: .json(list, "Attempts, the newest first."),
            problems: [
                (.conflict, "This bridge keeps no index of receipts."),
                (.serviceUnavailable, "The index cannot be asked just now, for the reason that `detail` says."),
            ], run: list),
    ]

    @Sendable private static func list(_ call: Call) async throws(Problem) -> Response {
        let now = wallTime()
        let filter = ReceiptFilter(
            subscription: call.text("subscription"), event: call.text("event"), failed: call.flag("failed"),
            since: call.text("since").flatMap { WallTime($0, before: now) }, until: call.text("until").flatMap { WallTime($0, before: now) })
        do throws(DeliveriesFailure) {
            let after = call.text("after").flatMap { ReceiptPosition(text: $0) }
            return Reply.json(list, try await call.source.deliveries(filter, limit: call.count("limit"), after: after))
        } catch {
            switch error {
            case .off:
                throw Problem(
                    .conflict, "This bridge keeps no index of receipts: receipts.index.enabled: true makes one; `fanfare deliveries` needs none.")
            case .unavailable(let reason): throw Problem(.serviceUnavailable, reason, headers: [.retryAfter: "10"])
            }
        }
    }

    // MARK: Inputs

    private static let position = Input.Kind.form(
        schema: ["type": "string", "pattern": "^[0-9]{1,18}-[0-9]{1,5}-[0-9]{1,13}$"], expected: "the `next` of the piece before"
    ) { ReceiptPosition(text: $0) != nil }

    // MARK: Answers

    private static let list = ObjectShape<ReceiptPage>("DeliveryList", "A piece of the list of attempts.", [
        .list("deliveries", attempt, "The newest first.") { $0.receipts }, Paging.next { $0.next?.text },
        .object("index", standing) { $0.standing },
    ])

    private static let standing = ObjectShape<ReceiptIndexStanding>("ReceiptIndex", "How far this replica's index of receipts has come.", [
        .optionalInteger("behind", "Receipts that Kafka has and the index has not; left out while that is not known.") { $0.behind.map { Int64($0) } },
        .optionalTime("oldest", "Of the oldest receipt in it; left out where there is none.") { $0.oldest?.rfc3339 },
        .count("bytes", "The size of its file.") { $0.bytes },
    ])

    /// As the topic has it; see `fanfare schema receipt`.
    private static let attempt = ObjectShape<Receipt>("Delivery", "One attempt to deliver one event, or a batch of them.", [
        .text("subscription", "Whose.") { $0.subscription },
        .text("topic", "Of the events.") { $0.topic },
        .optionalText("webhookId", "The request's webhook-id.") { $0.webhookID },
        .count("attempt", "1 for the first one; of a batch the highest of its events.") { $0.attempt },
        .text("result", "success, retry or refused.") { $0.result },
        .optionalInteger("status", "HTTP status; left out without an answer.") { $0.status.map { Int64($0) } },
        .optionalText("failure", "The kind of a failure without an answer.") { $0.failure },
        .optionalText("message", "Why it failed.") { $0.message },
        .number("durationSeconds", "From the request's first byte to the end of its answer.") { $0.seconds },
        .text("endpoint", "Host, and port if the URL has one.") { $0.endpoint },
        .time("time", "When the attempt ended.") { $0.time.rfc3339 },
        .count("count", "Events in the request.") { $0.count },
        .list("events", event, "Of a batch, with the event first that was asked for; not all of a very large one.") { $0.events },
    ])

    private static let event = ObjectShape<Receipt.Event>("DeliveredEvent", "One event of an attempt.", [
        .optionalText("id", "Left out where the record is no event, or no request was made of it.") { $0.id },
        .optionalText("type", "Its type.") { $0.type },
        .count("partition", "Of its record.") { Int($0.partition) },
        .count("offset", "Of its record.") { Int($0.offset) },
        .count("attempt", "Its own attempts, this one included.") { $0.attempt },
        .optionalObject("next", next) { $0.next },
    ])

    private static let next = ObjectShape<Receipt.NextStep>("NextStep", "What was decided about an event after the attempt.", [
        .text("step", "delivered, wait, retry, again, in-line, outage, dead-letter, dropped or left.") { $0.step },
        .optionalTime("due", "When it is tried again.") { $0.due?.rfc3339 },
        .optionalText("kind", "Of a dead letter: the failure kind.") { $0.kind },
    ])
}
