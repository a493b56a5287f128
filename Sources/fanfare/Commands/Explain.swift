import ArgumentParser
import BridgeRuntime
import EventLoop
import EventModel
import Manifests
import SchemaRegistry
import TerminalViews

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what would become of events: who would get them, who would not and why, and in which requests.",
        discussion: """
            One event: EVENT or standard input is the record's value; as with `publish`, a CloudEvent in JSON gets its content
            type by itself. Shown is who would get it and why, the exact requests, and with `window` what it would count in.
            Secrets are not shown; the signatures are real ones.

            Many events: `--file` has one JSON value per line, as `publish` takes them, in the order of the log. Shown is which
            windows and batches they would make, as the bridge makes them, with a clock that goes from event to event: an event
            comes at its own time, or, if that is later, with the one before it. Whoever has no time comes with the one before it. After the last
            event nothing comes, and the clock closes what is still open. With `--records` a line is a record,
            {"value": ..., "key": "...", "timestamp": "...", "partition": 0, "headers": {...}}, of which only the value has to be
            there; without a partition its key decides, as Kafka's own producers do it, on one of `kafka.partitions`.

            A value in Confluent's wire format is read with the schema registry of the configuration, or of `--registry`. In
            --records, {"base64": "..."} in place of "value" gives the bytes of one.

            Subscriptions that came through the API stand in the control topic: --registered takes them in, and --subscription finds one
            that no manifest has. Only then Kafka is asked. Nothing is sent. Exit status 1 when an event is not valid, or cannot be counted.
            """)

    @Option(help: ArgumentHelp("The Kafka topic.", valueName: "name"))
    var topic: String

    @Option(help: ArgumentHelp("Only for this one.", valueName: "name"))
    var subscription: String?

    @Flag(help: "Also for subscriptions that came through the API, from the control topic.")
    var registered = false

    @Option(help: ArgumentHelp("The record's key.", valueName: "text"))
    var key: String?

    @Option(help: ArgumentHelp("A header of the record; may be repeated.", valueName: "name=value"))
    var header: [String] = []

    @Option(help: "The record's partition, which is part of a default id.")
    var partition: Int32?

    @Option(help: "The record's offset, which is part of a default id.")
    var offset: Int64?

    @Option(help: ArgumentHelp("Many events: lines of JSON; - is standard input.", valueName: "file"), completion: .file())
    var file: String?

    @Flag(help: "The lines of --file are records: objects with a value, and perhaps a key, timestamp, partition and headers.")
    var records = false

    @Option(help: ArgumentHelp("The schema registry; default schemaRegistry of the configuration.", valueName: "url"))
    var registry: String?

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "One event: the record's value; - is standard input.", completion: .file())
    var event: String?

    func validate() throws {
        _ = try EventInput.headers(header)
        if file != nil {
            guard event == nil else { throw ValidationError("\(event!) would be one event, --file \(file!) are many; leave one of them out") }
            guard partition == nil, offset == nil else {
                throw ValidationError("--partition and --offset are about one event; with --file, lines of --records say their partition")
            }
        } else if records {
            throw ValidationError("--records says what the lines of --file are; it needs --file")
        }
    }

    func run() async throws {
        let (loaded, manifests) = try options.usableManifests()
        let manifest = try manifest(loaded, manifests.topics)
        let schemas = AskedSchemas(schemaRegistry(loaded.configuration))
        if let file {
            try explain(
                EventList(file, key: key, headers: try EventInput.headers(header), areRecords: records), manifest, loaded.configuration.egress,
                schemas)
        } else {
            try explainOne(manifest, loaded.configuration.egress, schemas)
        }
    }

    /// The topic's, with those subscriptions that are asked for.
    private func manifest(_ loaded: LoadedConfiguration, _ files: [TopicManifest]) throws -> TopicManifest {
        guard let file = files.first(where: { $0.topic == topic }) else {
            let known = files.map(\.topic).joined(separator: ", ")
            throw Failed("no manifest in \(loaded.configuration.topics) is for topic \(topic); there are: \(known.isEmpty ? "none" : known)")
        }
        guard let subscription else {
            guard registered else { return file }
            return try RegisteredSubscriptions(loaded, files).topics.first { $0.topic == topic } ?? file
        }
        if !registered, let found = file.only(subscription) { return found }
        let both = try RegisteredSubscriptions(loaded, files, lookingFor: subscription, known: file.subscriptions.map(\.name)).topics
        let manifest = both.first { $0.topic == topic } ?? file
        if let found = manifest.only(subscription) { return found }
        if let other = both.first(where: { $0.only(subscription) != nil }) {
            throw Failed("topic \(topic) has no subscription \(subscription); that is one of topic \(other.topic)")
        }
        let known = manifest.subscriptions.map(\.name).joined(separator: ", ")
        throw Failed("topic \(topic) has no subscription \(subscription); there are: \(known.isEmpty ? "none" : known)")
    }

    /// The one that is named is not given the credentials of the one that is configured.
    private func schemaRegistry(_ configuration: BridgeConfiguration) -> BridgeConfiguration.SchemaRegistry? {
        guard let registry else { return configuration.schemaRegistry }
        var named = BridgeConfiguration.SchemaRegistry()
        named.url = registry
        return named
    }

    /// What was found out without an answer of the registry's is not true.
    private func checkRegistry(_ schemas: AskedSchemas?) throws {
        if let failure = schemas?.failure { throw Failed("the schemas of framed values are not known: \(failure)") }
    }

    private func explainOne(_ manifest: TopicManifest, _ egress: BridgeConfiguration.Egress, _ schemas: AskedSchemas?) throws {
        let now = WallTime(milliseconds: EventLoop.wallMilliseconds())
        var record = try EventInput.record(from: event, headers: try EventInput.headers(header), at: now)
        record.key = key.map { Array($0.utf8) }
        record.partition = partition ?? 0
        record.offset = offset ?? 0
        let explanation = try Explanation(of: record, manifest, egress: egress, schemas: schemas, at: now)
        try checkRegistry(schemas)
        switch output.output {
        case .text: print(ExplanationText.text(explanation, manifest), terminator: "")
        case .json: print(ExplanationText.json(explanation))
        }
        if explanation.poison != nil || explanation.outcomes.contains(where: { $0.poison != nil }) { throw ExitCode.findings }
    }

    private func explain(
        _ list: EventList, _ manifest: TopicManifest, _ egress: BridgeConfiguration.Egress, _ schemas: AskedSchemas?
    ) throws {
        let log = try list.log(of: manifest, schemas, now: WallTime(milliseconds: EventLoop.wallMilliseconds()))
        try checkRegistry(schemas)
        let picture = DryRunText(log: log, width: Terminal.size(of: 1)?.width ?? 100, style: Terminal.mode(of: 1).style)
        let json = DryRunJSON(log: log)
        switch output.output {
        case .text: print(picture.heading(list, topic: topic), terminator: "")
        case .json: json.begin(list, topic: topic)
        }
        var hasPoison = false
        for (index, subscription) in manifest.subscriptions.enumerated() {
            var progress = Progress("Explaining \(subscription.name)", total: log.entries.count)
            let run = try DryRun(of: log, for: subscription, manifest, egress: egress, schemas: schemas) { progress.update($0) }
            progress.clear()
            try checkRegistry(schemas)
            if !run.poison.isEmpty { hasPoison = true }
            switch output.output {
            case .text: print(picture.text(run), terminator: "")
            case .json: json.put(run, isFirst: index == 0)
            }
        }
        switch output.output {
        case .text: if manifest.subscriptions.isEmpty { print("\nThe topic has no subscriptions.") }
        case .json: json.end()
        }
        if hasPoison { throw ExitCode.findings }
    }
}

extension TopicManifest {
    /// With this subscription alone; nil where it has none of that name.
    func only(_ name: String) -> TopicManifest? {
        var manifest = self
        manifest.subscriptions.removeAll { $0.name != name }
        return manifest.subscriptions.isEmpty ? nil : manifest
    }
}
