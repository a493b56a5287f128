import EventModel
import HTTPTypes
import Hummingbird
import Manifests

/// What the bridge runs with, and what that would make of an event.
enum ConfigurationOperations {
    static let all: [Operation] = [
        Operation(
            method: .get, path: "/api/v1/configuration", id: "getConfiguration", summary: "The manifests in force, and what is wrong with newer ones.",
            tag: .configuration, answer: .json(status, "How it is.")
        ) { call in Reply.json(status, call.source.configuration()) },
        Operation(
            method: .post, path: "/api/v1/explain", id: "explainEvent", summary: "What would become of an event: who would get it, why, in which request.",
            text: "What `fanfare explain` shows, of the manifests in force. Nothing is sent. Secrets and signatures are shown as ***.", tag: .configuration,
            inputs: [
                .body("topic", .text(maximum: 249), "The topic that it would come from.", isRequired: true),
                .body("subscription", .text(maximum: 200), "Only for this one."),
                .body("value", .lines(maximum: 60_000), "The record's value. A CloudEvent in JSON gets its content type by itself.", isRequired: true),
                .body("key", .text(maximum: 1000), "The record's key."),
                .body("headers", .texts(maximum: 100), "The record's headers, by name."),
            ],
            answer: Operation.Answer(text: "Who would get it.", contents: [("application/json", explanation)]),
            problems: [(.notFound, "There is no such topic or subscription."), (.conflict, "It cannot be found out.")], run: explain),
    ]

    @Sendable private static func explain(_ call: Call) throws(Problem) -> Response {
        let question = EventQuestion(
            topic: call.text("topic") ?? "", subscription: call.text("subscription"), value: call.text("value") ?? "", key: call.text("key"),
            headers: call.texts("headers"))
        do throws(QuestionFailure) {
            return Reply.bytes("\(try call.source.explain(question))\n".utf8, type: "application/json")
        } catch {
            switch error {
            case .unknownTopic: throw Problem(.notFound, "There is no manifest for topic \"\(question.topic.prefix(200))\".")
            case .unknownSubscription: throw SubscriptionOperations.unknown(question.subscription ?? "")
            case .impossible(let reason): throw Problem(.conflict, reason)
            }
        }
    }

    /// What `fanfare explain --output json` prints.
    private static let explanation: JSON = [
        "type": "object", "required": ["event", "subscriptions"],
        "properties": [
            "event": ["type": ["object", "null"], "description": "The context attributes; null where the record is no valid event."],
            "problem": ["type": "string", "description": "Why it is no valid event."],
            "validation": ["type": "object", "description": "What the topic's catalog says of it."],
            "subscriptions": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["name", "matches", "reasons", "windows", "request"],
                    "properties": [
                        "name": ["type": "string"], "matches": ["type": "boolean"],
                        "reasons": ["type": "array", "items": ["type": "string"], "description": "Why, or why not; and what stands in the way."],
                        "windows": ["type": "array", "items": ["type": "object"], "description": "Those that it would count in."],
                        "request": ["type": ["object", "null"], "description": "The first attempt; null where none would be made."],
                    ],
                ],
            ],
        ],
    ]

    // MARK: Shapes

    private static let status = ObjectShape<ConfigurationStatus>("Configuration", "The manifests that are in force.", [
        .text("folder", "Where they are.") { $0.folder },
        .time("loadedAt", "When they were loaded.") { $0.loadedAt.rfc3339 },
        .count("topics", "How many topics they are about.") { $0.topics },
        .count("subscriptions", "How many subscriptions they have.") { $0.subscriptions },
        .list("warnings", finding, "What may not be meant so.") { $0.warnings },
        .optionalObject("refused", refused) { $0.refused },
        .flag("receiptIndex", "Whether this replica keeps an index of receipts, from which /api/v1/deliveries answers.") { $0.receiptIndex },
    ])

    private static let refused = ObjectShape<ConfigurationStatus.Refused>(
        "RefusedConfiguration", "What is in the folder now has errors, so that the manifests before stay in force.", [
            .time("at", "When it was looked at.") { $0.at.rfc3339 },
            .list("problems", finding, "All that is wrong, by file and line.") { $0.problems },
        ])

    private static let finding = ObjectShape<Manifests.Problem>("Finding", "Something in a manifest.", [
        .words("severity", ["error", "warning"], "An error keeps it from being used.") { $0.severity.rawValue },
        .text("file", "As its path was given.") { $0.file },
        .count("line", "From 1; 0 where there are none.") { $0.line },
        .count("column", "From 1; 0 where there are none.") { $0.column },
        .text("path", "The keys that lead to it.") { $0.path },
        .text("message", "What is wrong, and what to write instead.") { $0.message },
    ])
}
