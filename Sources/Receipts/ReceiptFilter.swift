public import EventModel

/// Which receipts. What is nil is not asked for.
public struct ReceiptFilter: Equatable, Sendable {
    public var subscription: String?
    /// An event's id, the request's `webhook-id`, or `topic-partition-offset` of the event's record.
    public var event: String?
    /// Only attempts that were no success.
    public var failed: Bool
    /// When the attempt ended: from `since` on, before `until`.
    public var since: WallTime?
    public var until: WallTime?

    public init(subscription: String? = nil, event: String? = nil, failed: Bool = false, since: WallTime? = nil, until: WallTime? = nil) {
        self.subscription = subscription
        self.event = event
        self.failed = failed
        self.since = since
        self.until = until
    }

    public func matches(_ receipt: Receipt) -> Bool {
        if let subscription, receipt.subscription != subscription { return false }
        if failed, !receipt.hasFailed { return false }
        if let since, receipt.time < since { return false }
        if let until, receipt.time >= until { return false }
        if let event, !receipt.names.contains(event) { return false }
        return true
    }

    /// The receipt as the filter sees it: of a batch, with the events first that were asked for.
    public func shown(_ receipt: Receipt) -> Receipt {
        guard let event, let index = receipt.events.firstIndex(where: { receipt.names(of: $0).contains(event) }) else { return receipt }
        var receipt = receipt
        receipt.events.swapAt(0, index)
        return receipt
    }
}

extension Receipt {
    /// Everything by which it is found: the names of its events, and of its request.
    package var names: [String] { (webhookID.map { [$0] } ?? []) + events.flatMap(names(of:)) }

    fileprivate func names(of event: Event) -> [String] {
        (event.id.map { [$0] } ?? []) + ["\(topic)-\(event.partition)-\(event.offset)"]
    }
}
