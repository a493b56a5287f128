import DeliveryCore

extension AttemptEnding.NextStep {
    /// In receipts and spans.
    var name: String {
        switch self {
        case .delivered: "delivered"
        case .wait: "wait"
        case .retry: "retry"
        case .again: "again"
        case .inLine: "in-line"
        case .outage: "outage"
        case .deadLetter: "dead-letter"
        case .dropped: "dropped"
        case .left: "left"
        }
    }
}
