import ArgumentParser
import EventModel
import KafkaClient
import Redelivery
import TerminalViews

struct DeadLettersShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows dead letters whole: what happened, headers, payload.",
        discussion: """
            AT is partition and offset in the dead-letter topic, as `dlq list` prints them: 0-17. Without any, the newest one
            that the options select is shown, or the newest --limit ones.

            JSON payloads are indented, text is shown as it is, of other bytes the beginning as a hexadecimal dump. Of a dead
            letter that was too large for its topic, the payload is read from its source.
            """)

    @OptionGroup var selection: DeadLetterOptions

    @Option(help: ArgumentHelp("The newest so many, where no AT is given.", valueName: "number"))
    var limit = 1

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: ArgumentHelp("Partition and offset of a dead letter.", valueName: "at"))
    var places: [PlaceInTopic] = []

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        let reader = try DeadLetterReader(options, selection)
        let ranges = try wanted(reader)
        var values = ReferredValues(reader.kafka)
        var json = JSONOutput(array: true)
        var count = 0
        try reader.forEach(in: ranges) { letter, record in
            let event = reader.ids.id(of: letter, record)
            try values.withValue(of: letter, record) { value in
                switch output.output {
                case .json: json.write { $0.append(letter, event: event, record, value: value) }
                case .text: print((count == 0 ? "" : "\n") + DeadLetterText(letter, event: event, record, value: value).text)
                }
            }
            count += 1
        }
        if case .json = output.output { json.finish() }
        guard count > 0 else {
            throw Failed("no dead letter of \(selection.topic) is \(places.isEmpty ? "like that" : places.map(\.description).joined(separator: ", ")); `fanfare dlq list` shows those that there are")
        }
    }

    private func wanted(_ reader: DeadLetterReader) throws -> [OffsetRange] {
        guard places.isEmpty else {
            return reader.source.topics.flatMap { topic in
                places.map { OffsetRange(TopicPartition(topic: topic.name, partition: $0.partition), from: $0.offset, to: $0.offset + 1) }
            }.filter { reader.exists($0) }
        }
        return Array(try reader.newest(limit) { letter, _ in
            OffsetRange(letter.place.topicPartition, from: letter.place.offset, to: letter.place.offset + 1)
        })
    }
}

/// One dead letter for people.
private struct DeadLetterText {
    private(set) var text: String

    init(_ letter: DeadLetter, event: String?, _ record: KafkaRecord, value: UnsafeRawBufferPointer?) {
        text = "dead letter \(letter.place.inTopic) of \(letter.place.topic), written \(letter.time.rfc3339)\n"
        add("event", event ?? letter.source?.eventID)
        add("subscription", letter.subscription)
        add("failed", [letter.kind, letter.status.map { "\($0)" }].compactMap(\.self).joined(separator: " "))
        add("message", letter.message)
        add("attempts", letter.attempts.map { "\($0)" + Self.times(letter) })
        add("redrives", letter.redrives.map { "\($0)" })
        add("source", letter.source.map { "\($0.topic) \($0.inTopic)" + (letter.sourceTime.map { ", written \($0.rfc3339)" } ?? "") })
        add("key", letter.shownKey)
        text += "\nheaders\n"
        record.headers.forEach { header in
            add(String(decoding: header.name, as: UTF8.self), Self.shown(header.value))
        }
        text += "\npayload"
        guard let value else {
            text += letter.isReference
                ? ": too large for the dead-letter topic, and its source does not have it any more" : ": none (a tombstone)"
            return
        }
        let (form, lines) = PayloadText.render(value)
        text += " (\(form.rawValue), \(value.count) bytes\(letter.isReference ? ", read from the source" : ""))\n"
        text += lines.map { "  " + DisplayWidth.printable($0) }.joined(separator: "\n")
    }

    private mutating func add(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        let name = DisplayWidth.printable(name)
        text += "  \(name)\(String(repeating: " ", count: max(1, 36 - DisplayWidth.of(name))))\(DisplayWidth.printable(value))\n"
    }

    private static func times(_ letter: DeadLetter) -> String {
        guard let first = letter.firstAttempt else { return "" }
        guard let last = letter.lastAttempt, last != first else { return ", \(first)" }
        return ", from \(first) to \(last)"
    }

    /// Other tools write numbers as bytes, which may happen to be text.
    private static func shown(_ value: UnsafeRawBufferPointer?) -> String {
        guard let value else { return "(null)" }
        if !value.contains(where: { $0 < 0x20 || $0 == 0x7F }), let text = String(validating: value, as: UTF8.self) { return text }
        return "0x" + value.map(Hexadecimal.byte).joined()
    }
}
