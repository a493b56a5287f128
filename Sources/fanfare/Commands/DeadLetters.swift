import ArgumentParser
import EventLoop
import EventModel
import Redelivery

struct DeadLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq",
        abstract: "Dead letters: what could not be delivered, and why; and how to send it again.",
        discussion: """
            Works on Kafka directly. list, show and export read in no consumer group: looking changes nothing. Kafka deletes
            no single records, so what is redriven stays in its topic until the topic's retention ends.
            """,
        subcommands: [DeadLettersList.self, DeadLettersShow.self, DeadLettersExport.self, DeadLettersRedrive.self])
}

/// Which dead letters: the same options for every command about them.
struct DeadLetterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The topic whose events they were, or a dead-letter topic itself.", valueName: "name"))
    var topic: String

    @Option(help: ArgumentHelp("Only this subscription's.", valueName: "name"))
    var subscription: String?

    @Option(help: ArgumentHelp("Only failures of this kind: \(FailureKind.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "kind"), transform: Self.kind)
    var kind: FailureKind?

    @Option(help: ArgumentHelp("Only those whose last attempt was answered so: 422, or 5xx.", valueName: "status"), transform: Self.status)
    var status: StatusPattern?

    @Option(help: ArgumentHelp("Only those written since then: 2h (ago), or 2026-05-01T00:00:00Z.", valueName: "duration|time"))
    var since: PointInTime?

    @Option(help: ArgumentHelp("Only those written before then.", valueName: "duration|time"))
    var until: PointInTime?

    @Option(help: ArgumentHelp("Only those with this key.", valueName: "text"))
    var key: String?

    @Option(help: ArgumentHelp("Only this event: its id, its webhook-id, or topic-partition-offset of its record.", valueName: "id"))
    var event: String?

    @Option(help: ArgumentHelp("Only those of which these words are said: in ids, subscription, kind, status or message.", valueName: "words"))
    var search: String?

    private static func kind(_ text: String) throws -> FailureKind {
        guard let kind = FailureKind(rawValue: text) else {
            throw ValidationError("there is no kind \(text), only \(FailureKind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return kind
    }

    private static func status(_ text: String) throws -> StatusPattern {
        guard let pattern = StatusPattern(text) else { throw ValidationError("\(text) is no status; write 422, or 4xx for all like it") }
        return pattern
    }

    var filter: DeadLetterFilter {
        var filter = DeadLetterFilter()
        filter.subscription = subscription
        filter.kind = kind
        filter.status = status
        filter.since = since?.time
        filter.until = until?.time
        filter.key = key
        filter.event = event
        filter.search = search
        return filter
    }

    var selection: DeadLetterSelection { DeadLetterSelection(topic: topic, filter: filter, since: since?.text, until: until?.text) }
}

/// A point in time, also said by how long ago it was.
struct PointInTime: ExpressibleByArgument {
    let text: String
    let time: WallTime

    init?(argument: String) {
        text = argument
        guard let time = WallTime(argument, before: WallTime(milliseconds: EventLoop.wallMilliseconds())) else { return nil }
        self.time = time
    }
}
