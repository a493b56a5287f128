import ArgumentParser
import BridgeRuntime
import EventLoop
import EventModel
import KafkaClient
import Manifests
import TerminalViews

struct DeadLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq",
        abstract: "Dead letters: what could not be delivered, and why.",
        discussion: "Reads the dead-letter topics from Kafka directly, in no consumer group: looking changes nothing.",
        subcommands: [List.self])

    /// Which dead letters.
    struct Selection: ParsableArguments {
        @Option(help: ArgumentHelp("The topic whose events they were, or a dead-letter topic itself.", valueName: "name"))
        var topic: String

        @Option(help: ArgumentHelp("Only this subscription's.", valueName: "name"))
        var subscription: String?

        @Option(help: ArgumentHelp("Only those written since then: 2h ago, or 2026-05-01T00:00:00Z.", valueName: "duration|time"))
        var since: Since?

        @Option(help: ArgumentHelp("Only failures of this kind: \(FailureKind.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "kind"), transform: Self.kind)
        var kind: FailureKind?

        private static func kind(_ text: String) throws -> FailureKind {
            guard let kind = FailureKind(rawValue: text) else {
                throw ValidationError("there is no kind \(text), only \(FailureKind.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return kind
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists dead letters, the oldest first.",
            discussion: "Payloads are not shown.")

        @OptionGroup var selection: Selection

        @Option(help: ArgumentHelp("Only the newest so many.", valueName: "number"))
        var limit: Int?

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        }

        func run() async throws {
            let letters = try selection.read(options, limit: limit)
            switch output.output {
            case .text: printTable(letters)
            case .json: print("[" + letters.map(\.json).joined(separator: ",\n") + "]")
            }
        }

        private func printTable(_ letters: [DeadLetter]) {
            if letters.isEmpty { return print("no dead letters") }
            var table = Table([
                .init("TIME"), .init("SUBSCRIPTION"), .init("KIND"), .init("STATUS", .right), .init("ATTEMPTS", .right),
                .init("SOURCE", shrinks: true), .init("KEY", shrinks: true), .init("MESSAGE", shrinks: true),
            ])
            for letter in letters {
                table.add([
                    letter.time.rfc3339, letter.subscription ?? "-", letter.kind ?? "-", letter.status.map { "\($0)" } ?? "-",
                    letter.attempts.map { "\($0)" } ?? "-", letter.source ?? "-", letter.shownKey ?? "-", letter.message ?? "",
                ])
            }
            print(table.render(width: Terminal.size(of: 1)?.width, style: Terminal.mode(of: 1).style), terminator: "")
        }
    }
}

/// `--since`: a point in time, also said by how long ago it was.
struct Since: ExpressibleByArgument {
    let time: WallTime

    init?(argument: String) {
        if let ago = TimeSpan(argument) {
            time = WallTime(milliseconds: EventLoop.wallMilliseconds() - ago.millisecondsRoundedUp)
        } else if let time = WallTime(rfc3339: argument) {
            self.time = time
        } else {
            return nil
        }
    }
}

extension DeadLetters.Selection {
    /// In the order in which they were written.
    func read(_ options: ConfigurationOptions, limit: Int?) throws -> [DeadLetter] {
        let loaded = try options.usableConfiguration()
        let kafka = try KafkaConfiguration(loaded.configuration)
        let admin = try ClusterAdmin(kafka)
        let cluster = try admin.reach(kafka)
        let (topics, source) = try deadLetterTopics(loaded.configuration, manifests(options, loaded), cluster)
        var letters: [DeadLetter] = []
        func trim() {
            letters.sort { ($0.time, $0.place) < ($1.time, $1.place) }
            if let limit, letters.count > limit { letters.removeFirst(letters.count - limit) }
        }
        try DeadLetterReader(kafka, admin).read(topics, since: since?.time) { letter in
            guard source == nil || letter.sourceTopic == source, subscription == nil || letter.subscription == subscription,
                kind == nil || letter.kind == kind?.rawValue
            else { return }
            letters.append(letter)
            if let limit, letters.count >= 2 * limit + 1000 { trim() }
        }
        trim()
        return letters
    }

    /// None where they cannot be used: dead letters must be readable also while manifests are broken, or where the
    /// files with their secrets are not.
    private func manifests(_ options: ConfigurationOptions, _ loaded: LoadedConfiguration) -> [TopicManifest] {
        let manifests = options.load(loaded)
        if manifests.isUsable { return manifests.topics }
        printError("warning: the topic manifests cannot be used (`fanfare check` says why); only deadLetter.topic of the configuration counts")
        return []
    }

    /// The topics to read, with their partitions, and the source topic that their records must name.
    private func deadLetterTopics(
        _ configuration: BridgeConfiguration, _ manifests: [TopicManifest], _ cluster: ClusterAdmin.Cluster
    ) throws -> (topics: [ClusterAdmin.Topic], source: String?) {
        let subscriptions = manifests.flatMap(\.subscriptions)
        if let subscription, !subscriptions.isEmpty, !subscriptions.contains(where: { $0.name == subscription }) {
            // It may have been removed from the manifests; its dead letters are still there.
            printError("warning: no manifest has a subscription \(subscription)")
        }
        let byName = Dictionary(cluster.topics.map { ($0.name, $0) }) { first, _ in first }
        if subscriptions.contains(where: { !$0.deadLetter.drop && configuration.deadLetterTopic(for: $0) == topic }), let found = byName[topic] {
            return ([found], nil)
        }
        var names = Set(subscriptions.filter { $0.topic == topic && !$0.deadLetter.drop }.map { configuration.deadLetterTopic(for: $0) })
        names.insert(configuration.deadLetterTopic(for: Subscription(name: "", topic: topic, endpoint: "")))
        let found = names.sorted().compactMap { byName[$0] }
        if !found.isEmpty { return (found, topic) }
        if !manifests.contains(where: { $0.topic == topic }), let itself = byName[topic] { return ([itself], nil) }
        throw Failed(
            "there is no dead-letter topic for \(topic): the cluster has no \(names.sorted().joined(separator: ", ")); "
                + "`fanfare apply` creates the topics of the manifests")
    }
}
