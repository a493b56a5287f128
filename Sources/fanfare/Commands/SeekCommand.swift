import ArgumentParser
import BridgeRuntime
import Control

struct SeekCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seek",
        abstract: "Sends a subscription to another place of its topic, while it runs or not.",
        discussion: """
            Backwards, events are delivered again; forwards, those in between are not delivered. Events that wait in the retry
            topic come all the same. --to is earliest, latest, a time (2026-05-01T08:00:00Z, or -1h for an hour ago), an offset,
            or partition=offset,... for some partitions only. A partition whose owner is away is moved by the next one.
            """)

    @Argument(help: "The subscription.")
    var name: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where to go on.", valueName: "earliest|latest|time|-duration|offset|partition=offset,..."))
    var to: SeekTarget

    @OptionGroup var change: ChangeOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        if let client = try change.client() {
            return try RemoteSubscriptions(client: client).change(name, "seek", [("to", JSONText.quoted(to.words))], change, output.output, done: "goes on")
        }
        let desk = try ControlDesk(options)
        let seek = try Seek(to: to, try desk.policy(named: name), named: name, change.attribution, desk)
        let replicas = desk.state.replicas.keys
        let position = try desk.write([.seek(subscription: name, seek)])
        let reception = try Reception(of: position, by: replicas, within: change.wait, desk)
        reception.warn()
        let move = try Move(seek, of: name, reception, within: change.wait, desk)
        switch output.output {
        case .text: print("\(name) goes on at \(seek.to): \(reception.sentence); \(move.sentence)")
        case .json: print(JSONText.object([("subscription", JSONText.quoted(name))] + reception.json + move.json))
        }
    }
}
