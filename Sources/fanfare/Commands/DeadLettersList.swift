import ArgumentParser
import EventModel
import KafkaClient
import Redelivery
import TerminalViews

struct DeadLettersList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists dead letters, the oldest first.",
        discussion: "Payloads are not shown; `dlq show` does. AT is partition and offset in the dead-letter topic.")

    @OptionGroup var selection: DeadLetterOptions

    @Option(help: ArgumentHelp("Only the newest so many.", valueName: "number"))
    var limit: Int?

    @Flag(help: "Only those that `dlq redrive` with the same options has not sent yet.")
    var pending = false

    @Option(help: ArgumentHelp("The redrive that --pending asks about, where it was given a name.", valueName: "name"))
    var job: String?

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        switch output.output {
        case .text:
            var pages = DeadLetterPages()
            try forEach { pages.add($0, event: $1) }
            pages.finish()
        case .json:
            var json = JSONOutput(array: true)
            try forEach { letter, event in json.write { $0.append(letter, event: event) } }
            json.finish()
        }
    }

    /// Up to where the redrive has come.
    private func redriven(_ reader: DeadLetterReader) throws -> [TopicPartition: Int64] {
        let group = JobRunner.group(.redrive, selection.selection.redrive(named: job).name, reader.source.configuration)
        do throws(KafkaError) {
            let state = try JobStore(reader.kafka, group: group).load(reader.source.partitions)
            return state?.parts.mapValues(\.position) ?? [:]
        } catch {
            throw Failed("how far the redrive has come cannot be read: \(error.message)")
        }
    }

    /// Nothing is kept but the newest, where only those are wanted.
    private func forEach(_ body: (DeadLetter, String?) -> Void) throws {
        var reader = try DeadLetterReader(options, selection)
        if pending { reader.positions = try redriven(reader) }
        guard let limit else { return try reader.forEach { body($0, reader.ids.id(of: $0, $1)) } }
        for (letter, event) in try reader.newest(limit, { ($0, reader.ids.id(of: $0, $1)) }) { body(letter, event) }
    }
}

/// The table of dead letters.
private struct DeadLetterPages {
    private var pages = PagedTable([
        .init("TIME"), .init("AT"), .init("SUBSCRIPTION"), .init("KIND"), .init("STATUS", .right), .init("ATTEMPTS", .right),
        .init("REDRIVES", .right), .init("EVENT", shrinks: true), .init("KEY", shrinks: true), .init("MESSAGE", shrinks: true),
    ])

    mutating func add(_ letter: DeadLetter, event: String?) {
        pages.add([
            letter.time.rfc3339, letter.place.inTopic, letter.subscription ?? "-", letter.kind ?? "-",
            letter.status.map { "\($0)" } ?? "-", letter.attempts.map { "\($0)" } ?? "-", letter.redrives.map { "\($0)" } ?? "-",
            event ?? letter.source?.eventID ?? "-", letter.shownKey ?? "-", letter.message ?? "",
        ])
    }

    mutating func finish() { pages.finish(orSay: "no dead letters") }
}

extension DeadLetter {
    /// The key if it is text, else its hexadecimal digits.
    var shownKey: String? {
        key.map { String(validating: $0, as: UTF8.self) ?? "0x" + $0.map(Hexadecimal.byte).joined() }
    }
}
