import ArgumentParser
import BridgeRuntime
import Control

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pauses a subscription: nothing more is sent, and nothing is lost.",
        discussion: """
            What is in flight finishes. Events wait in Kafka, so mind the topic's retention. A pause outlives restarts and edits
            of the manifest; only `fanfare resume` ends it. It works on Kafka directly, also while no bridge runs;
            with --url, through the ops API of a replica.
            """)

    @Argument(help: "The subscription.")
    var name: String

    @OptionGroup var change: ChangeOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        if let client = try change.client() {
            return try RemoteSubscriptions(client: client).change(name, "pause", [], change, output.output, done: "is paused")
        }
        let desk = try ControlDesk(options)
        _ = try desk.policy(named: name)
        let replicas = desk.state.replicas.keys
        let position = try desk.write([.pause(subscription: name, Pause(isPaused: true, change: change.attribution))])
        let reception = try Reception(of: position, by: replicas, within: change.wait, desk)
        reception.warn()
        switch output.output {
        case .text: print("\(name) is paused: \(reception.sentence)")
        case .json: print(JSONText.object([("subscription", JSONText.quoted(name)), ("state", "\"paused\"")] + reception.json))
        }
    }
}
