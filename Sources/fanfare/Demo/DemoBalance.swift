import DeliveryCore
import EventModel
import KafkaClient
import TerminalViews

/// The closing books of a demo: what became of every event for every subscription, from what the outside shows.
struct DemoBalance {
    struct Row {
        var subscription: String
        var produced = 0
        var filtered = 0
        var delivered = 0
        var deadLettered = 0
        /// Unsettled at its cursor or in the retry topic: it will be delivered when a bridge runs again.
        var waiting = 0
        /// Nowhere: the one thing that must not be.
        var lost = 0
        /// Delivered although a filter does not match, or not signed as agreed.
        var wrong = 0
        var duplicates = 0
        var laterAttempts = 0
    }

    var rows: [Row] = []
    var balances: Bool { rows.allSatisfy { $0.lost == 0 && $0.wrong == 0 } }

    /// - Parameter cursors: as committed, of the groups `<group>.<subscription>` and `<group>._retry`.
    init(_ manifests: [TopicManifest], _ entries: DemoLedger.Entries, cursors: [String: CommittedCursors]) {
        let retryCursors = cursors["_retry"] ?? CommittedCursors()
        for manifest in manifests {
            let produced = entries.produced[manifest.topic] ?? []
            for subscription in manifest.subscriptions {
                let account = entries.accounts[subscription.name] ?? DemoLedger.Account()
                let cursor = cursors[subscription.name] ?? CommittedCursors()
                let parked = Set(account.retryRecords.filter { !retryCursors.settled($0.key) }.values)
                var row = Row(subscription: subscription.name)
                row.produced = produced.count
                row.duplicates = account.duplicates
                row.laterAttempts = account.laterAttempts
                row.wrong = account.wrongSignatures
                for event in produced {
                    let isWanted = subscription.filters.allSatisfy { $0.matches(["type": event.type]) }
                    if !isWanted {
                        row.filtered += 1
                        if account.delivered.contains(event.place) { row.wrong += 1 }
                    } else if account.delivered.contains(event.place) {
                        row.delivered += 1
                    } else if account.deadLetters.contains(event.place) {
                        row.deadLettered += 1
                    } else if parked.contains(event.place) || !cursor.settled(event.place) {
                        row.waiting += 1
                    } else {
                        row.lost += 1
                    }
                }
                rows.append(row)
            }
        }
    }

    func render(width: Int?, style: TerminalStyle) -> String {
        var columns: [Table.Column] = [
            .init("SUBSCRIPTION", shrinks: true), .init("PRODUCED", .right), .init("=FILTERED", .right), .init("+DELIVERED", .right),
            .init("+DEAD", .right), .init("+WAITING", .right), .init("RETRIES", .right), .init("TWICE", .right),
        ]
        if !balances { columns += [.init("LOST", .right), .init("WRONG", .right)] }
        var table = Table(columns)
        for row in rows {
            var figures = [row.produced, row.filtered, row.delivered, row.deadLettered, row.waiting, row.laterAttempts, row.duplicates]
            if !balances { figures += [row.lost, row.wrong] }
            table.add([row.subscription] + figures.map { Numbers.grouped($0) })
        }
        return table.render(width: width, style: style)
    }

    var verdict: String {
        guard balances else {
            return """
                THE BOOKS DO NOT BALANCE: events are nowhere to be found, or were sent where
                they should not be. This is a bug in Fanfare; please report it with this output.
                """
        }
        let waiting = rows.reduce(0) { $0 + $1.waiting }
        let rest = waiting > 0 ? "those that wait are still in Kafka" : "none is left waiting"
        return """
            The books balance: every event was filtered out, delivered, or dead-lettered
            with its reason; \(rest).
            """
    }
}

/// The cursors of one group, as they stand in Kafka.
struct CommittedCursors {
    private var bases: [Int32: Int64] = [:]
    private var beyond: [Int32: ContiguousArray<Range<Int64>>] = [:]

    func settled(_ place: PlaceInTopic) -> Bool {
        // A cursor that was never committed has settled nothing.
        guard let base = bases[place.partition] else { return false }
        return place.offset < base || beyond[place.partition]!.contains { $0.contains(place.offset) }
    }

    /// Asks the cluster. For commands: waits.
    static func fetch(group: String, topic: String, partitions: Int, _ kafka: KafkaConfiguration) throws -> CommittedCursors {
        let offsets = try GroupOffsets(kafka, group: group, signal: nil)
        offsets.fetch(group: group, (0..<partitions).map { TopicPartition(topic: topic, partition: Int32($0)) }, token: 1)
        var cursors = CommittedCursors()
        var failure: KafkaError?
        while offsets.outstanding > 0 {
            offsets.wait(milliseconds: 100) { completion in
                failure = completion.error
                for entry in completion.partitions {
                    guard let offset = entry.offset else { continue }
                    cursors.bases[entry.partition.partition] = offset
                    cursors.beyond[entry.partition.partition] = CursorMetadata.decode(base: offset, entry.metadata) ?? []
                }
            }
        }
        if let failure { throw failure }
        return cursors
    }
}
