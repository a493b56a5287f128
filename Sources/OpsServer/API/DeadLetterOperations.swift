import Control
import EventModel
import HTTPTypes
import Hummingbird
import Manifests
import Redelivery

/// What could not be delivered, and why.
enum DeadLetterOperations {
    static let all: [Operation] = [
        Operation(
            method: .get, path: "/api/v1/dead-letters", id: "listDeadLetters", summary: "Dead letters, the newest first, without what they carry.",
            text: """
                A call reads a bounded part of the dead-letter topics. `next` is there while there is more to look at, also where few or none \
                were found. Newest first means by the records' own timestamps, as far as each partition is in their order.
                """,
            tag: .redelivery,
            inputs: [
                .query("topic", .text(maximum: 249), "Of this topic's events; or a dead-letter topic itself. Default all."), .query("subscription", .text(maximum: 200), "Only this one's."),
                .query("kind", kinds, "Only failures of this kind."), .query("status", status, "Only those whose last attempt was answered so: 422, or 5xx."),
                .query("since", pointInTime, "Only those written since then: 2h (ago), or a time."), .query("until", pointInTime, "Only those written before then."),
                .query("event", .text(maximum: 1000), "Only this event: its id, its webhook-id, or topic-partition-offset of its record."),
                .query("search", .text(maximum: 200), "Only those of which all these words are said: in ids, subscription, kind, status or message."),
                .query("limit", .count(1...500), "How many at most.", standard: 50), .query("after", cursor, "The `next` of the piece before."),
            ],
            answer: .json(list, "Those that were found."),
            problems: [(.notFound, "There is no such dead-letter topic."), unavailable], run: page),
        Operation(
            method: .get, path: "/api/v1/dead-letters/{topic}/{partition}/{offset}", id: "getDeadLetter", summary: "One dead letter, with headers and payload.",
            text: "For operators, because it shows what the event carries. Of a payload at most 256 KiB; where it was too large for the dead-letter topic, it is read from its source.",
            tag: .redelivery, access: .operators,
            inputs: [
                .path("topic", .text(maximum: 249), "The dead-letter topic."), .path("partition", .count(0...2_147_483_647), "Its partition there."),
                .path("offset", .count(0...9_007_199_254_740_991), "Its offset there."),
            ],
            answer: .json(whole, "The dead letter."), problems: [(.notFound, "There is none, or not any more."), unavailable], run: one),
    ]

    static let unavailable = (status: HTTPResponse.Status.serviceUnavailable, text: "Kafka does not answer in time, or too much is under way.")

    static func problem(_ failure: RedeliveryFailure) -> Problem {
        switch failure {
        case .unknown(let reason): Problem(.notFound, reason)
        case .impossible(let reason): Problem(.conflict, reason)
        case .unavailable(let reason): Problem(.serviceUnavailable, reason, headers: [.retryAfter: "5"])
        }
    }

    // MARK: What is asked for

    static let kinds = Input.Kind.words(FailureKind.allCases.map(\.rawValue))

    static let status = Input.Kind.form(
        schema: ["type": "string", "pattern": "^([1-5]xx|[1-5][0-9][0-9])$"], expected: "a status such as 422, or 4xx for all like it", isRight: { StatusPattern($0) != nil })

    static let pointInTime = Input.Kind.form(
        schema: ["anyOf": [["type": "string", "format": "date-time"], ["type": "string", "pattern": "^[1-9]([0-9]{0,8}(ms|s)|[0-9]{0,6}m|[0-9]{0,5}h|[0-9]{0,4}d)$"]]],
        expected: "a time such as 2026-05-01T08:00:00Z, or how long ago, such as 2h", isRight: { WallTime($0, before: wallTime()) != nil })

    private static let cursor: Input.Kind = {
        let partitions = "[a-zA-Z0-9._-]{1,249}:[0-9]{1,9}=[0-9]{1,18}(,[0-9]{1,9}=[0-9]{1,18})*"
        return .form(
            schema: ["type": "string", "pattern": .string("^\(partitions)(;\(partitions))*$"), "maxLength": 12_000], expected: "the `next` of the piece before",
            isRight: { $0.utf8.count <= 12_000 && DeadLetterCursor($0) != nil })
    }()

    /// What the request says of dead letters; the body of a redrive says the same.
    static func filter(_ call: Call) -> DeadLetterFilter {
        var filter = DeadLetterFilter()
        filter.subscription = call.text("subscription")
        filter.kind = call.text("kind").flatMap { FailureKind(rawValue: $0) }
        filter.status = call.text("status").flatMap { StatusPattern($0) }
        filter.since = call.text("since").flatMap { WallTime($0, before: wallTime()) }
        filter.until = call.text("until").flatMap { WallTime($0, before: wallTime()) }
        filter.key = call.text("key")
        filter.event = call.text("event")
        filter.search = call.text("search")
        return filter
    }

    @Sendable private static func page(_ call: Call) async throws(Problem) -> Response {
        do throws(RedeliveryFailure) {
            let page = try await call.source.redelivery.deadLetters(
                of: call.text("topic"), filter(call), limit: call.count("limit"), after: call.text("after").flatMap { DeadLetterCursor($0) })
            return Reply.json(list, page)
        } catch {
            throw problem(error)
        }
    }

    @Sendable private static func one(_ call: Call) async throws(Problem) -> Response {
        let place = RecordPlace(topic: call.text("topic") ?? "", partition: Int32(call.count("partition")), offset: Int64(call.count("offset")))
        do throws(RedeliveryFailure) {
            return Reply.json(whole, try await call.source.redelivery.deadLetter(at: place))
        } catch {
            throw problem(error)
        }
    }

    // MARK: Shapes

    private static let list = ObjectShape<DeadLetterPage>("DeadLetterList", "A piece of the list of dead letters.", [
        .list("deadLetters", entry, "The newest first.") { $0.entries }, .count("looked", "Records that were read for it.") { $0.looked },
        Paging.next { $0.next?.description },
    ])

    private static let entry = ObjectShape<DeadLetterPage.Entry>("DeadLetter", "An event that was given up.", about({ $0.letter }, { $0.event }))

    private static func about<Value>(
        _ letter: @escaping @Sendable (Value) -> DeadLetter, _ event: @escaping @Sendable (Value) -> String?
    ) -> [ObjectShape<Value>.Member] {
        [
            .text("topic", "The dead-letter topic.") { letter($0).place.topic }, .count("partition", "Its partition there.") { Int(letter($0).place.partition) },
            .count("offset", "Its offset there.") { Int(letter($0).place.offset) }, .time("time", "When it was written.") { letter($0).time.rfc3339 },
            .optionalText("event", "The event's id; left out where the record is no event.", event),
            .optionalText("subscription", "Who did not get it.") { letter($0).subscription }, .optionalText("kind", "The kind of failure.") { letter($0).kind },
            .optionalInteger("status", "The last answer's HTTP status.") { letter($0).status.map { Int64($0) } },
            .optionalInteger("attempts", "How many were made.") { letter($0).attempts.map { Int64($0) } },
            .optionalText("message", "Why the last one failed.") { letter($0).message },
            .optionalText("firstAttempt", "When.") { letter($0).firstAttempt }, .optionalText("lastAttempt", "When.") { letter($0).lastAttempt },
            .optionalInteger("redrives", "How often it had been sent again by then.") { letter($0).redrives.map { Int64($0) } },
            .optionalObject("source", source) { value in letter(value).source.map { Source(place: $0, time: letter(value).sourceTime) } },
            .flag("reference", "Whether its value was too large for the topic, and stands only at its source.") { letter($0).isReference },
        ]
    }

    private struct Source: Sendable {
        var place: RecordPlace
        var time: WallTime?
    }

    private static let source = ObjectShape<Source>("DeadLetterSource", "The record that it was.", [
        .text("topic", "Its topic.") { $0.place.topic }, .count("partition", "Its partition.") { Int($0.place.partition) },
        .count("offset", "Its offset.") { max(0, Int($0.place.offset)) }, .optionalText("time", "When it was written.") { $0.time?.rfc3339 },
    ])

    private static let whole = ObjectShape<WholeDeadLetter>("WholeDeadLetter", "A dead letter with everything that it carries.", about({ $0.letter }, { $0.event }) + [
        .optionalText("key", "The record's key; in hexadecimal digits after 0x where it is no text.") { $0.key },
        .list("headers", header, "The record's headers, in their order.") { $0.headers.map { Header(name: $0.name, value: $0.value) } },
        .optionalObject("payload", payload) { $0.payload },
    ])

    private struct Header: Sendable {
        var name: String
        var value: String?
    }

    private static let header = ObjectShape<Header>("RecordHeader", "A header of a record.", [
        .text("name", "Its name.") { $0.name }, .optionalText("value", "Its value; in hexadecimal digits after 0x where it is no text. Left out where it has none.") { $0.value },
    ])

    private static let payload = ObjectShape<WholeDeadLetter.Payload>("Payload", "What the event carries.", [
        .words("form", WholeDeadLetter.Payload.Form.allCases.map(\.rawValue), "What the bytes are; `binary` is in base64.") { $0.form.rawValue },
        .text("text", "The bytes, or their beginning.") { $0.text }, .count("bytes", "How many there are.") { $0.bytes },
        .flag("cut", "Whether only the beginning is here.") { $0.isCut },
        .flag("fromSource", "Whether it was read where the event came from, because it was too large for the dead-letter topic.") { $0.isFromSource },
    ])
}
