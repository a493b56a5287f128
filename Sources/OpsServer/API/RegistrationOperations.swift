import Control
import EventModel
import HTTPTypes
import Hummingbird
import Manifests

/// Subscriptions that come and go through the API.
enum RegistrationOperations {
    static let all: [Operation] = [
        Operation(
            method: .put, path: "/api/v1/subscriptions/{name}", id: "putSubscription", summary: "Registers a subscription, or changes it.",
            text: """
                The body is what a manifest says of a subscription, and `topic`, which must have a manifest. It is checked as manifests are. Kept in the \
                control topic, in force on all replicas when they answer, or ten seconds have passed. The same body again changes nothing. Secrets \
                stand in files of the folder ops.subscriptions.folder, and are referred to by "${file:NAME}".
                """,
            tag: .subscriptions, access: .operators,
            inputs: [
                SubscriptionOperations.name, .query("dryRun", .flag, "Only says what would come of it.", standard: false),
                .query("reason", .text(maximum: 500), "Why; others will ask."),
            ],
            document: document, answer: .json(registered, "It is in force, or would be; or was before.", created: "It is new, and in force."),
            problems: [
                (.conflict, "A manifest has the name, the tenant has as many as it may, or it cannot be done as things are; nothing was changed."),
                (.unprocessableContent, "The subscription is wrong; `errors` says where."),
                (.serviceUnavailable, "The bridge has not started, or Kafka does not answer."),
            ], run: put),
        Operation(
            method: .delete, path: "/api/v1/subscriptions/{name}", id: "deleteSubscription", summary: "Deletes a subscription that came through the API.",
            text: "What is in flight finishes. One of the same name that is registered later is another one, and begins where its `start` says. Deleting it again does no harm.",
            tag: .subscriptions, access: .operators,
            inputs: [SubscriptionOperations.name, .query("reason", .text(maximum: 500), "Why; others will ask.")],
            answer: .empty("It is deleted, on all replicas that run."),
            problems: [
                (.conflict, "It stands in a manifest."), (.serviceUnavailable, "The bridge has not started, or Kafka does not answer."),
            ], run: delete),
    ]

    private static let document: Component = {
        func name(_ definition: String) -> String { "Subscription\(definition.prefix(1).uppercased())\(definition.dropFirst())" }
        let place: (String) -> String = { "#/components/schemas/\(name($0))" }
        let uses = RegistrationSchema.definitions(place).map { Component(name: name($0.name), schema: $0.schema, uses: []) }
        return Component(name: "SubscriptionDefinition", schema: RegistrationSchema.subscription(place), uses: uses)
    }()

    // MARK: Putting

    private struct Registered: Sendable {
        var plan: SubscriptionRegistry.Plan
        var isDryRun: Bool
        var by: Attribution
        /// Nil where nothing was changed.
        var receipt: ChangeReceipt?
    }

    private static let registered = ObjectShape<Registered>("Registration", "What became of a registration, or would.", [
        .text("subscription", "Its name.") { $0.plan.subscription.name },
        .text("topic", "What it reads.") { $0.plan.subscription.topic },
        .words("outcome", SubscriptionRegistry.Plan.Outcome.allCases.map(\.rawValue), "What was done; with dryRun, what would be.") { $0.plan.outcome.rawValue },
        .flag("dryRun", "Whether nothing was changed.") { $0.isDryRun },
        .texts("warnings", "What is probably not meant.") { $0.plan.warnings.map { "\($0.pointer): \($0.detail)" } },
        .text("by", "Who asked.") { $0.by.by },
        .count("replicas", "Running replicas that obey it already.") { $0.receipt?.replicas ?? 0 },
        .texts("silent", "Replicas that have not answered, and are taken for dead.") { $0.receipt?.silent ?? [] },
    ])

    @Sendable private static func put(_ call: Call) async throws(Problem) -> Response {
        let name = call.text("name") ?? ""
        let plan: SubscriptionRegistry.Plan
        do throws(SubscriptionRegistry.Refusal) {
            plan = try call.source.plan(name, call.document)
        } catch {
            throw problem(error)
        }
        let by = call.attribution
        var done = Registered(plan: plan, isDryRun: call.flag("dryRun"), by: by, receipt: nil)
        guard !done.isDryRun, plan.outcome != .unchanged else { return Reply.json(registered, done) }
        do throws(ChangeFailure) {
            done.receipt = try await call.source.register(plan, by: by)
        } catch {
            throw SubscriptionOperations.problem(error, of: name)
        }
        return Reply.json(registered, done, status: plan.outcome == .created ? .created : .ok)
    }

    private static func problem(_ refusal: SubscriptionRegistry.Refusal) -> Problem {
        if case .invalid(let problems) = refusal {
            let faults = problems.map { InputFault(place: .body, name: "", detail: $0.detail, pointer: $0.pointer) }
            return Problem(.unprocessableContent, faults.map(\.sentence).joined(separator: "; "), faults: faults)
        }
        return Problem(.conflict, refusal.description)
    }

    // MARK: Deleting

    @Sendable private static func delete(_ call: Call) async throws(Problem) -> Response {
        let name = call.text("name") ?? ""
        do throws(ChangeFailure) {
            _ = try await call.source.delete(name, by: call.attribution)
        } catch {
            throw SubscriptionOperations.problem(error, of: name)
        }
        return Reply.empty
    }
}
