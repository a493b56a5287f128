public import EventModel

/// Which receipts. What is nil is not asked for.
public struct ReceiptFilter: Equatable, Sendable {
    public var subscription: String?
    /// An event's id, the request's `webhook-id`, or `topic-partition-offset` of the event's record.
    public var event: String?
    /// Only attempts that were no success.
    public var failed = false
    /// When the attempt ended: from `since` on, before `until`.
    public var since: WallTime?
    public var until: WallTime?

    public init() {}

    public func matches(_ receipt: Receipt) -> Bool {
        if let subscription, receipt.subscription != subscription { return false }
        if failed, !receipt.hasFailed { return false }
        if let since, receipt.time < since { return false }
        if let until, receipt.time >= until { return false }
        if let event, receipt.webhookID != event, !receipt.events.contains(where: { isNamed($0, of: receipt.topic, event) }) { return false }
        return true
    }

    /// The receipt as the filter sees it: of a batch, with the events first that were asked for.
    public func shown(_ receipt: Receipt) -> Receipt {
        guard let event, let index = receipt.events.firstIndex(where: { isNamed($0, of: receipt.topic, event) }) else { return receipt }
        var receipt = receipt
        receipt.events.swapAt(0, index)
        return receipt
    }

    private func isNamed(_ event: Receipt.Event, of topic: String, _ name: String) -> Bool {
        event.id == name || "\(topic)-\(event.partition)-\(event.offset)" == name
    }
}
