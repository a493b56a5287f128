import ArgumentParser
import BridgeRuntime
import Control
import EventModel
import Manifests

struct PutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Registers a subscription without a manifest, or changes it.",
        discussion: """
            FILE holds JSON: what a manifest says of a subscription, and topic, which must have a manifest. It is checked as manifests are, kept in
            the control topic, and in force on all replicas within a second or so. The same again changes nothing. Secrets are referred to
            by "${file:NAME}", in the folder ops.subscriptions.folder. It works on Kafka directly, with the bridge's configuration and
            manifests; with --url, through the ops API of a replica.
            """)

    @Argument(help: "The subscription.")
    var name: String

    @Argument(help: "The definition; - is standard input.", completion: .file(extensions: ["json"]))
    var file: String

    @Flag(help: "Only say what would come of it.")
    var dryRun = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var input = try Input(file)
        let definition = try input.readAll()
        if let client = try change.client() {
            return try RemoteSubscriptions(client: client).put(name, definition, dryRun: dryRun, change, output.output)
        }
        let desk = try ControlDesk(options)
        let plan: SubscriptionRegistry.Plan
        do throws(SubscriptionRegistry.Refusal) {
            plan = try desk.plan(name, definition)
        } catch {
            throw Failed("\(name) is refused: \(error)")
        }
        for warning in plan.warnings { printError("warning: \(warning.pointer): \(warning.detail)") }
        guard !dryRun, plan.outcome != .unchanged else { return report(plan, nil) }
        let replicas = desk.state.replicas.keys
        let records: [ControlRecord]
        do throws(ChangeFailure) {
            records = try RegistrationRecords.registering(plan, after: desk.state, desk.configuration, change.attribution, desk.kafka).records
        } catch {
            throw Failed("\(name) is not registered: \(error.sentence)")
        }
        let reception = try Reception(of: try desk.write(records), by: replicas, within: change.wait, desk)
        reception.warn()
        report(plan, reception)
    }

    private func report(_ plan: SubscriptionRegistry.Plan, _ reception: Reception?) {
        switch output.output {
        case .text: print("\(name) \(Self.words(plan.outcome.rawValue, dryRun: dryRun))\(reception.map { ": \($0.sentence)" } ?? "")")
        case .json:
            print(JSONText.object([
                ("subscription", JSONText.quoted(name)), ("topic", JSONText.quoted(plan.subscription.topic)),
                ("outcome", JSONText.quoted(plan.outcome.rawValue)), ("dryRun", "\(dryRun)"),
            ] + (reception?.json ?? [])))
        }
    }

    /// Completes "NAME ...".
    static func words(_ outcome: String, dryRun: Bool) -> String {
        outcome == "unchanged" ? "is so already; nothing was changed" : dryRun ? "would be \(outcome); nothing was changed" : "is \(outcome)"
    }
}

extension ChangeFailure {
    /// For people.
    var sentence: String {
        switch self {
        case .unknownSubscription: "there is no such subscription"
        case .impossible(let reason), .unavailable(let reason): reason
        }
    }
}
