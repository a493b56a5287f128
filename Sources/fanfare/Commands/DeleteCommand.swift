import ArgumentParser
import BridgeRuntime
import Control
import EventModel

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a subscription that was registered without a manifest.",
        discussion: """
            What is in flight finishes; its retries become dead letters of kind `removed` when they are due. One of the same name that is registered
            later is another one, and begins where its start says. It works on Kafka directly; with --url, through the ops API of a replica.
            """)

    @Argument(help: "The subscription.")
    var name: String

    @OptionGroup var change: ChangeOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        if let client = try change.client() { return try RemoteSubscriptions(client: client).delete(name, change, output.output) }
        let desk = try ControlDesk(options)
        let file = desk.files.first { $0.subscriptions.contains { $0.name == name } }?.file
        let replicas = desk.state.replicas.keys
        let records: [ControlRecord]
        do throws(ChangeFailure) {
            records = try RegistrationRecords.deleting(name, after: desk.state, file: file, change.attribution)
        } catch {
            throw Failed("\(name) is not deleted: \(error.sentence)")
        }
        let reception = try Reception(of: try desk.write(records), by: replicas, within: change.wait, desk)
        reception.warn()
        switch output.output {
        case .text: print("\(name) is deleted: \(reception.sentence)")
        case .json: print(JSONText.object([("subscription", JSONText.quoted(name)), ("deleted", "true")] + reception.json))
        }
    }
}
