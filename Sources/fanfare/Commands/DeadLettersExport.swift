import ArgumentParser
import Redelivery

struct DeadLettersExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes dead letters as JSON, one line each, the oldest first.",
        discussion: """
            Whole records: key, value and all headers in their order. What is text stands as a string (key, value), other
            bytes as base64 (keyBase64, valueBase64), so nothing is lost. Of a dead letter that was too large for its topic
            ("reference": true) the value is read from its source, and null where Kafka does not have it any more.
            """)

    @OptionGroup var selection: DeadLetterOptions

    @Option(help: ArgumentHelp("Only the oldest so many.", valueName: "number"))
    var limit: Int?

    @OptionGroup var options: ConfigurationOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        let reader = try DeadLetterReader(options, selection)
        var values = ReferredValues(reader.kafka)
        var lines = JSONOutput(array: false)
        try reader.forEach(limit: limit ?? .max) { letter, record in
            try values.withValue(of: letter, record) { value in
                lines.write { $0.append(letter, event: reader.ids.id(of: letter, record), record, value: value) }
            }
        }
        lines.finish()
    }
}
