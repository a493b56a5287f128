import ArgumentParser
import BridgeRuntime
import EventLoop
import EventModel
import Manifests
import SchemaRegistry

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Sends a marked test event to a subscription's endpoint, and shows the answer.",
        discussion: """
            The request is made and signed as a delivery's is, with its token, certificate and consent where it has those, and with
            the header fanfare-test: true, by which a receiver can tell that nothing has happened. Without EVENT its data is the example of
            the topic's catalog (of --type, or of the first type that has one). Filters and `enabled` are not asked.

            It is sent from here: run it where the bridge runs, so that names, routes and secrets are the same. Or with --url by a replica,
            through its ops API; then the request is not shown. Kafka is asked only where no manifest has the subscription: it may have come
            through the API. Nothing is retried, and no cursor, circuit or limit has to do with it. Exit status 1 unless the endpoint accepts it.
            """)

    @Argument(help: "The subscription.")
    var name: String

    @Argument(help: "The event; - is standard input. A CloudEvent in JSON, or what the topic carries.", completion: .file())
    var event: String?

    @Option(help: ArgumentHelp("The test event's type; default the first of the catalog, or fanfare.test.", valueName: "name"))
    var type: String?

    @OptionGroup var ops: OpsOptions
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if event != nil, type != nil { throw ValidationError("EVENT says its type itself; leave --type out") }
    }

    func run() async throws {
        if let client = try ops.client() {
            let given = try event.map { try EventInput.record(from: $0, at: WallTime(milliseconds: EventLoop.wallMilliseconds())).value }
            let isAccepted = try RemoteSubscriptions(client: client).test(name, event: given ?? nil, type: type, output.output)
            if !isAccepted { throw ExitCode.findings }
            return
        }
        let (loaded, manifests) = try options.usableManifests()
        let (manifest, policy) = try find(loaded, manifests.topics)
        let now = WallTime(milliseconds: EventLoop.wallMilliseconds())
        let schemas = AskedSchemas(loaded.configuration.schemaRegistry)
        let record = try event.map { try EventInput.record(from: $0, at: now) } ?? TestEvent(manifest, type: type).record(at: now)
        let outcome = try TestDelivery.run(record, to: policy, of: manifest, egress: loaded.configuration.egress, schemas: schemas)
        if let failure = schemas?.failure { throw Failed("the schemas of framed values are not known: \(failure)") }
        switch output.output {
        case .text: printText(outcome)
        case .json: printJSON(outcome)
        }
        if !outcome.isAccepted { throw ExitCode.findings }
    }

    private func find(_ loaded: LoadedConfiguration, _ files: [TopicManifest]) throws -> (TopicManifest, Subscription) {
        if let found = Self.known(files)[name] { return found }
        let both = try RegisteredSubscriptions(loaded, files, lookingFor: name, known: Self.known(files).keys.sorted()).topics
        guard let found = Self.known(both)[name] else {
            throw Failed("there is no subscription \(name); there are: \(Self.known(both).keys.sorted().joined(separator: ", "))")
        }
        return found
    }

    /// By name.
    private static func known(_ topics: [TopicManifest]) -> [String: (TopicManifest, Subscription)] {
        Dictionary(topics.flatMap { topic in topic.subscriptions.map { ($0.name, (topic, $0)) } }) { first, _ in first }
    }

    private func printText(_ outcome: TestDelivery.Outcome) {
        if outcome.isAccepted {
            print("\(name) accepted the test event: \(outcome.status) after \(outcome.duration)")
        } else {
            print("\(name) did not accept the test event: \(outcome.message)")
        }
        guard let request = outcome.request else { return }
        print("\n  POST \(request.url)")
        for header in request.headers { print("  \(header.name): \(header.value)") }
        print("\n  \(String(validating: request.body, as: UTF8.self) ?? "(\(request.body.count) bytes that are not text)")")
    }

    private func printJSON(_ outcome: TestDelivery.Outcome) {
        let request = outcome.request.map { request in
            JSONText.object([
                ("url", JSONText.quoted(request.url)),
                ("headers", JSONText.object(request.headers.map { ($0.name, JSONText.quoted($0.value)) })),
                ("body", JSONText.text(String(validating: request.body, as: UTF8.self))),
            ])
        }
        print(JSONText.object([
            ("subscription", JSONText.quoted(name)), ("accepted", "\(outcome.isAccepted)"),
            ("status", outcome.status == 0 ? "null" : "\(outcome.status)"),
            ("errorKind", outcome.isAccepted ? "null" : JSONText.quoted(outcome.failure?.rawValue ?? FailureKind.http.rawValue)),
            ("message", outcome.message.isEmpty ? "null" : JSONText.quoted(outcome.message)),
            ("milliseconds", "\(outcome.duration.nanoseconds / 1_000_000)"), ("request", request ?? "null"),
        ]))
    }
}
