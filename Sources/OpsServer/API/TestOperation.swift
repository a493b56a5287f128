import Control
import EventModel
import HTTPTypes
import Hummingbird
import Manifests

/// A test event, sent by the replica that answers.
enum TestOperation {
    static let operation = Operation(
        method: .post, path: "/api/v1/subscriptions/{name}/test", id: "testSubscription",
        summary: "Sends a marked test event to the endpoint, and says how it was taken.",
        text: """
            The request is made and signed as a delivery's is, by this replica, with the header fanfare-test: true. It waits for the answer, 20 \
            seconds at most. Filters and `enabled` are not asked; nothing is retried, and no cursor, circuit or limit has to do with it.
            """,
        tag: .subscriptions, access: .operators,
        inputs: [
            SubscriptionOperations.name,
            .body("type", .text(maximum: 1000), "The test event's type; default the first of the topic's catalog that has an example, or fanfare.test."),
            .body("event", .object, "The event itself, in place of one that is made up: a CloudEvent, or what the topic carries."),
        ],
        answer: .json(tested, "The endpoint was asked, or could not be: `result` says so."),
        problems: [
            (.conflict, "No test can be made as things are."),
            (.serviceUnavailable, "The bridge has not started, or too many tests are under way."),
        ]
    ) { (call) throws(Problem) in
        let name = call.text("name") ?? ""
        let (event, type) = (call.text("event"), call.text("type"))
        if event != nil, type != nil {
            throw .badRequest([InputFault(place: .body, name: "type", detail: "event says its type itself; leave type out")])
        }
        do throws(ChangeFailure) {
            return Reply.json(tested, Tested(subscription: name, report: try await call.source.test(name, event: event, type: type)))
        } catch {
            throw SubscriptionOperations.problem(error, of: name)
        }
    }

    private struct Tested: Sendable {
        var subscription: String
        var report: TestReport
    }

    private static let tested = ObjectShape<Tested>("Test", "How an endpoint took a test event.", [
        .text("subscription", "Its name.") { $0.subscription },
        .flag("accepted", "Whether the endpoint accepted it.") { $0.report.result == .success },
        .words("result", TestReport.Result.allCases.map(\.rawValue), "What would become of a delivery that ends like this.") { $0.report.result.rawValue },
        .optionalInteger("status", "The HTTP status; left out without an answer.") { $0.report.status.map { Int64($0) } },
        .optionalText("errorKind", "Why it was not accepted.") { $0.report.errorKind?.rawValue },
        .text("message", "The same in a sentence; empty when it was accepted.") { $0.report.message },
        .count("milliseconds", "From the request to the end of the answer.") { Int($0.report.duration.nanoseconds / 1_000_000) },
    ])
}
