import ArgumentParser
import BridgeRuntime
import Control
import EventModel

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Lets a paused or suspended subscription go on.",
        discussion: "From where it stands, or with --from-now behind everything that has come meanwhile.")

    @Argument(help: "The subscription.")
    var name: String

    @Flag(help: "Leave out what has come until now: it is not delivered.")
    var fromNow = false

    /// It is written all the same: its endpoint may have stopped it in this moment.
    private static let noChange = "was running already"

    @OptionGroup var change: ChangeOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        if let client = try change.client() {
            let remote = RemoteSubscriptions(client: client)
            let words = try fromNow || remote.stands(name) ? "is resumed" : Self.noChange
            return try remote.change(name, "resume", [("fromNow", "\(fromNow)")], change, output.output, done: words)
        }
        let desk = try ControlDesk(options)
        let policy = try desk.policy(named: name)
        let attribution = change.attribution
        let wasRunning = SubscriptionStatus(name, policy, desk.state).state == .running
        let seek = fromNow ? try Seek(to: .latest, policy, named: name, attribution, desk) : nil
        let records: [ControlRecord] = .resuming(name, seek, attribution)
        let replicas = desk.state.replicas.keys
        let position = try desk.write(records)
        let reception = try Reception(of: position, by: replicas, within: change.wait, desk)
        reception.warn()
        let move = try seek.map { try Move($0, of: name, reception, within: change.wait, desk) }
        switch output.output {
        case .text: print("\(name) \(fromNow ? "is resumed from now" : wasRunning ? Self.noChange : "is resumed"): \(reception.sentence)\(move.map { "; \($0.sentence)" } ?? "")")
        case .json:
            let state = policy?.enabled == false ? "disabled" : "running"
            print(JSONText.object([("subscription", JSONText.quoted(name)), ("state", JSONText.quoted(state))] + reception.json + (move?.json ?? [])))
        }
        if policy?.enabled == false {
            printError("warning: the manifest has `enabled: false`; nothing is sent before that is changed too")
        }
    }
}
