import ArgumentParser
import BridgeRuntime
import EventLoop
import EventModel
import Manifests

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what would become of one event: who would get it, who would not and why, and the exact requests.",
        discussion: """
            FILE or standard input is the record's value; as with `publish`, a CloudEvent in JSON gets its content type by
            itself. Nothing is sent, and Kafka is not asked. Secrets are not shown; the signatures are real ones. Exit status
            1 when the record is not a valid event.
            """)

    @Option(help: ArgumentHelp("The Kafka topic.", valueName: "name"))
    var topic: String

    @Option(help: ArgumentHelp("The record's key.", valueName: "text"))
    var key: String?

    @Option(help: ArgumentHelp("A header of the record; may be repeated.", valueName: "name=value"))
    var header: [String] = []

    @Option(help: "The record's partition, which is part of a default id.")
    var partition: Int32 = 0

    @Option(help: "The record's offset, which is part of a default id.")
    var offset: Int64 = 0

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The record's value; - is standard input.", completion: .file())
    var file: String?

    func validate() throws {
        _ = try EventInput.headers(header)
    }

    func run() async throws {
        let given = try EventInput.headers(header)
        let (loaded, manifests) = try options.usableManifests()
        guard let manifest = manifests.topics.first(where: { $0.topic == topic }) else {
            let known = manifests.topics.map(\.topic).joined(separator: ", ")
            throw Failed("no manifest in \(loaded.configuration.topics) is for topic \(topic); there are: \(known.isEmpty ? "none" : known)")
        }
        var input = try Input(file)
        var value = try input.readAll()
        // A line's break is not part of what `publish` would send.
        if value.last == UInt8(ascii: "\n") { value.removeLast() }
        let isCloudEvent = value.withUnsafeBytes { EventInput.kind(of: $0) } == .cloudEvent
        let headers = isCloudEvent ? EventInput.cloudEventHeaders(given) : given
        let explanation = try explain(value, headers, manifest, loaded.configuration.egress)
        switch output.output {
        case .text: print(text(explanation, manifest), terminator: "")
        case .json: print(json(explanation))
        }
        if explanation.poison != nil { throw ExitCode.findings }
    }

    private func explain(
        _ value: [UInt8], _ headers: [(name: String, value: String)], _ manifest: TopicManifest, _ egress: BridgeConfiguration.Egress
    ) throws -> Explanation {
        let now = WallTime(milliseconds: EventLoop.wallMilliseconds())
        // All texts in one buffer that stays where it is while the views are in use.
        let bytes = value + Array((key ?? "").utf8) + headers.flatMap { Array($0.name.utf8) + Array($0.value.utf8) }
        return try bytes.withUnsafeBytes { bytes in
            var position = 0
            func take(_ count: Int) -> UnsafeRawBufferPointer {
                defer { position += count }
                return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
            }
            let value = take(value.count)
            let key = key.map { take($0.utf8.count) }
            let record = RecordView(
                topic: topic, partition: partition, offset: offset, timestamp: now, key: key, value: value,
                headers: headers.map { RecordView.Header(name: take($0.name.utf8.count), value: take($0.value.utf8.count)) })
            return try Explanation(of: record, manifest, egress: egress, at: now)
        }
    }

    private func text(_ explanation: Explanation, _ manifest: TopicManifest) -> String {
        var text = ""
        if let poison = explanation.poison {
            text += "not a valid event: \(poison)\nIt would become a dead letter of every subscription.\n"
        } else {
            text += "event\n"
            let width = explanation.attributes.map(\.name.count).max() ?? 0
            for (name, value) in explanation.attributes {
                text += "  \(name)\(String(repeating: " ", count: width - name.count))  \(value)\n"
            }
        }
        for outcome in explanation.outcomes {
            text += "\n\(outcome.subscription): \(outcome.matches ? "matches" : "does not match")\n"
            for reason in outcome.reasons { text += "  \(reason)\n" }
            guard let request = outcome.request else { continue }
            text += "\n  POST \(request.url)\n"
            for (name, value) in request.headers { text += "  \(name): \(value)\n" }
            text += "\n  \(String(validating: request.body, as: UTF8.self) ?? "(\(request.body.count) bytes that are not text)")\n"
        }
        if manifest.subscriptions.isEmpty { text += "\nThe topic has no subscriptions.\n" }
        return text
    }

    private func json(_ explanation: Explanation) -> String {
        let subscriptions = explanation.outcomes.map { outcome in
            let reasons = outcome.reasons.map(JSONText.quoted).joined(separator: ",")
            var request = "null"
            if let made = outcome.request {
                let body = String(validating: made.body, as: UTF8.self)
                request = "{\"method\":\"POST\",\"url\":\(JSONText.quoted(made.url)),\"headers\":\(headers(made)),"
                    + (body.map { "\"body\":\(JSONText.quoted($0))}" } ?? "\"body\":null,\"bodyBytes\":\(made.body)}")
            }
            return "{\"name\":\(JSONText.quoted(outcome.subscription)),\"matches\":\(outcome.matches),\"reasons\":[\(reasons)],\"request\":\(request)}"
        }
        let problem = explanation.poison.map { "\"problem\":\(JSONText.quoted($0))," } ?? ""
        return "{\"event\":\(explanation.poison == nil ? explanation.eventJSON : "null"),\(problem)\"subscriptions\":[\(subscriptions.joined(separator: ","))]}"
    }

    /// A header that is there several times stands once, its values separated by commas, which means the same (RFC 9110, 5.3).
    private func headers(_ request: Explanation.Request) -> String {
        var merged: [(name: String, value: String)] = []
        for (name, value) in request.headers {
            if let index = merged.firstIndex(where: { $0.name.lowercased() == name.lowercased() }) {
                merged[index].value += ", " + value
            } else {
                merged.append((name: name, value: value))
            }
        }
        return "{" + merged.map { "\(JSONText.quoted($0.name)):\(JSONText.quoted($0.value))" }.joined(separator: ",") + "}"
    }
}
