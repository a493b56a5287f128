import ArgumentParser
import EventModel
import KafkaClient
import Receipts
import Redelivery
import TerminalViews

struct Deliveries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The audit log: what happened to an event, and what failed.",
        discussion: """
            One line per attempt, the oldest first, from the receipts topic: in no consumer group, so looking changes nothing.
            Without --since it reads the whole topic; with --index only what has come since the last time. NEXT is what was decided about the event after the attempt.
            Attempts are there as long as the topic keeps them; with receipts.sample below 1 only some of those that succeeded.
            """)

    @Option(help: ArgumentHelp("Only this subscription's.", valueName: "name"))
    var subscription: String?

    @Option(help: ArgumentHelp("Only this event's: its id, its webhook-id, or topic-partition-offset of its record.", valueName: "id"))
    var event: String?

    @Flag(help: "Only attempts that failed.")
    var failed = false

    @Option(help: ArgumentHelp("Only attempts since then: 2h (ago), or 2026-05-01T00:00:00Z.", valueName: "duration|time"))
    var since: PointInTime?

    @Option(help: ArgumentHelp("Only attempts before then.", valueName: "duration|time"))
    var until: PointInTime?

    @Option(help: ArgumentHelp("Only the newest so many.", valueName: "number"))
    var limit: Int?

    @Flag(help: "Goes on with those that come, until it is stopped; as JSON a line each.")
    var follow = false

    @Option(help: ArgumentHelp("Answers from an index in this file, which is made or brought up to date first: quick from the second question on.", valueName: "file"), completion: .file())
    var index: String?

    @Flag(help: "Makes the index anew.")
    var rebuild = false

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        if rebuild, index == nil { throw ValidationError("--rebuild is about an index; add --index FILE") }
        if follow, until != nil { throw ValidationError("--follow has no end, so leave out --until") }
    }

    private var filter: ReceiptFilter {
        ReceiptFilter(subscription: subscription, event: event, failed: failed, since: since?.time, until: until?.time)
    }

    func run() async throws {
        let reader = try ReceiptReader(options, filter)
        switch output.output {
        case .text: try printTable(reader)
        case .json: try printJSON(reader)
        }
    }

    private func printTable(_ reader: ReceiptReader) throws {
        var table = ReceiptTable()
        let ends = try newest(reader) { receipt, _ in table.add(receipt) }
        if follow {
            table.flush()
            try goOn(reader, ends) { news in
                for (receipt, _) in news { table.add(receipt) }
                table.flush()
            }
        }
        table.finish()
    }

    private func printJSON(_ reader: ReceiptReader) throws {
        var json = JSONOutput(array: !follow)
        let ends = try newest(reader) { _, text in json.write { $0.value(text) } }
        if follow {
            json.flush()
            try goOn(reader, ends) { news in
                for (_, text) in news { text.withUnsafeBytes { text in json.write { $0.value(text) } } }
                json.flush()
            }
        }
        json.finish()
    }

    /// Until the process is told to stop.
    private func goOn(
        _ reader: ReceiptReader, _ ends: [TopicPartition: Int64], _ body: ([(receipt: Receipt, json: [UInt8])]) -> Void
    ) throws {
        let follower = try reader.reading { try TopicFollower(reader.kafka, from: ends) }
        try EndRequest.during { request in
            while !request.isAsked {
                var news: [(receipt: Receipt, json: [UInt8])] = []
                try reader.reading {
                    try follower.read { _, record in reader.show(record) { receipt, json in news.append((receipt, Array(json))) } }
                }
                if !news.isEmpty { body(news) }
            }
        }
    }

    /// Nothing is kept but the newest, where only those are wanted.
    private func newest(_ reader: ReceiptReader, _ body: (Receipt, UnsafeRawBufferPointer) -> Void) throws -> [TopicPartition: Int64] {
        if let index { return try reader.forEach(inIndex: index, anew: rebuild, limit: limit, body) }
        guard let limit else { return try reader.forEach(body) }
        var newest = Newest<(receipt: Receipt, json: [UInt8])>(limit)
        let ends = try reader.forEach { receipt, json in newest.add((receipt, Array(json))) }
        for (receipt, json) in newest.elements { json.withUnsafeBytes { body(receipt, $0) } }
        return ends
    }
}

/// The table of attempts.
private struct ReceiptTable {
    private var pages = PagedTable([
        .init("TIME"), .init("SUBSCRIPTION"), .init("EVENT", shrinks: true), .init("ATTEMPT", .right), .init("RESULT"), .init("STATUS", .right),
        .init("SECONDS", .right), .init("ENDPOINT", shrinks: true), .init("NEXT"), .init("MESSAGE", shrinks: true),
    ])

    mutating func add(_ receipt: Receipt) {
        pages.add([
            receipt.time.rfc3339, receipt.subscription, receipt.shownEvents, "\(receipt.events.first?.attempt ?? receipt.attempt)", receipt.result,
            receipt.status.map { "\($0)" } ?? "-", "\((receipt.seconds * 1000).rounded() / 1000)", receipt.endpoint,
            receipt.events.first?.next?.shown ?? "-", receipt.message ?? "",
        ])
    }

    mutating func flush() { pages.flush() }

    mutating func finish() { pages.finish(orSay: "no attempts") }
}

extension Receipt {
    /// The first event, and how many went with it.
    fileprivate var shownEvents: String {
        guard let first = events.first else { return webhookID ?? "-" }
        let name = first.id ?? "\(topic)-\(first.partition)-\(first.offset)"
        return count > 1 ? "\(name) and \(count - 1) more" : name
    }
}

extension Receipt.NextStep {
    fileprivate var shown: String {
        if let due { return "\(step) until \(due.rfc3339)" }
        return kind.map { "\(step): \($0)" } ?? step
    }
}
