import EventModel
internal import GRDB
internal import Receipts

/// What the tables are asked for a filter: nothing that it matches is left out.
struct ReceiptQuery {
    private(set) var sql: String
    private(set) var arguments = StatementArguments()

    init(_ filter: ReceiptFilter, _ order: ReceiptIndex.Order, after: ReceiptPosition?) {
        var conditions: [String] = []
        var arguments: [any DatabaseValueConvertible] = []
        func ask(_ condition: String, _ values: any DatabaseValueConvertible...) {
            conditions.append(condition)
            arguments += values
        }
        // Each index is named: SQLite has no figures to choose by.
        let source: String
        if let event = filter.event {
            source = "mention cross join receipt on receipt.id = mention.receipt"
            ask("mention.name = ?", event.digest)
        } else {
            source = "receipt indexed by \(filter.failed ? "failure" : "receipt")_\(filter.subscription == nil ? "time" : "subscription")"
        }
        if let subscription = filter.subscription { ask("subscription = ?", subscription.digest) }
        if filter.failed { ask("failed") }
        if let since = filter.since { ask("time >= ?", since.milliseconds) }
        if let until = filter.until { ask("time < ?", until.milliseconds) }
        let (sign, direction) = order == .newestFirst ? ("<", "desc") : (">", "asc")
        if let after {
            let time = after.time.milliseconds
            ask("time \(sign)= ? and (time \(sign) ? or id \(sign) ?)", time, time, after.row)
        }
        let words = conditions.isEmpty ? "" : " where " + conditions.joined(separator: " and ")
        sql = "select id, body from \(source)\(words) order by time \(direction), id \(direction)"
        self.arguments = StatementArguments(arguments)
    }
}
